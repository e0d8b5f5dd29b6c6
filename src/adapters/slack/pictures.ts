/**
 * A chart as a picture that Slack shows. The file is uploaded without a channel, so that nobody sees it by that; an image
 * block then shows it where the answer goes, to one person only where the answer is for one person. A file that is shared
 * into a channel would be seen by all. The words were said before: when anything fails here they stand alone.
 */
import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Message, Part } from '../../core/message.js';
import { OutsideError } from '../../errors.js';
import type { Charts, Log } from '../../ports.js';
import { outsideError } from './client.js';
import { cut, escaped, plain } from './escape.js';

export interface Picture {
  /** The same as in words, for notifications and screen readers. */
  text: string;
  blocks: KnownBlock[];
}

export interface Pictures {
  /** The first picture of a message; null when it has none, or when it cannot be shown now. Never throws. */
  of(message: Message, blockId: string): Promise<Picture | null>;
}

/** Slack's limit of an image's alternative text. */
const LONGEST_ALT = 2_000;

export function createPictures(client: WebClient, charts: Charts, timeoutMs: number, log: Log): Pictures {
  return {
    async of(message, blockId) {
      const part = message.parts.find((one) => one.kind === 'image');
      if (part === undefined) return null;
      try {
        return pictureOf(part, await upload(part), blockId);
      } catch (error) {
        const problem = error instanceof OutsideError ? error.message : String(error);
        log.warn({ peer: 'slack', problem }, 'a chart is not shown; its words are');
        return null;
      }
    },
  };

  /** The id of the uploaded file. */
  async function upload(part: Image): Promise<string> {
    const png = await charts.png(part.png);
    const alt = cut(plain(part.alt), LONGEST_ALT);
    const place = await call('files.getUploadURLExternal', () =>
      client.files.getUploadURLExternal({
        filename: `${part.png.chart}-chart.png`,
        length: png.byteLength,
        // Slack documents alt_txt, its client's types know alt_text.
        ...{ alt_txt: alt },
        alt_text: alt,
      }),
    );
    const { upload_url: url, file_id: id } = place;
    if (url === undefined || id === undefined) throw refused('files.getUploadURLExternal', 'gave no address');
    await send(url, png);
    await call('files.completeUploadExternal', () =>
      client.files.completeUploadExternal({ files: [{ id, title: cut(plain(part.title), 150) }] }),
    );
    return id;
  }

  /** The address is a secret of its own: it is not named in what goes wrong. */
  async function send(url: string, png: Uint8Array): Promise<void> {
    const response = await call('the upload of a picture', () =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: png,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      }),
    );
    await response.arrayBuffer();
    if (!response.ok) throw refused('the upload of a picture', `HTTP ${response.status}`);
  }
}

type Image = Extract<Part, { kind: 'image' }>;

function pictureOf(part: Image, id: string, blockId: string): Picture {
  const alt = cut(plain(part.alt), LONGEST_ALT);
  return {
    text: escaped(alt),
    blocks: [
      {
        type: 'image',
        block_id: blockId,
        slack_file: { id },
        alt_text: alt,
        title: { type: 'plain_text', text: cut(plain(part.title), 150) },
      },
    ],
  };
}

const refused = (tried: string, detail: string): OutsideError =>
  new OutsideError('slack', tried, detail, { class: 'human', why: 'refused' });

async function call<T>(tried: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw outsideError(error, tried);
  }
}
