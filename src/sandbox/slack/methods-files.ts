/** files.*: the external upload (address, bytes, completion) as web-api's filesUploadV2 drives it. */
import { botUserId } from './directory.js';
import { blocksOf, channelOf, type Method } from './method.js';
import { contentOf } from './methods-chat.js';
import { type Block, isFields, SlackError, textOf } from './shapes.js';

const largest = 5 * 1024 * 1024;

export const fileMethods: Record<string, Method> = {
  'files.getUploadURLExternal': (args, context) => {
    const length = Number(args.length);
    const name = textOf(args.filename);
    if (name === '' || !(length > 0)) throw new SlackError('invalid_arguments');
    if (length > largest) throw new SlackError('file_upload_size_restricted');
    const id = context.workspace.newId('F');
    context.workspace.keepFile({
      id,
      name,
      title: name,
      altText: textOf(args.alt_txt) || textOf(args.alt_text),
      bytes: Buffer.alloc(0),
      complete: false,
    });
    return { upload_url: `${context.url()}/upload/${id}`, file_id: id };
  },

  'files.completeUploadExternal': (args, context) => {
    const given = Array.isArray(args.files) ? args.files.filter(isFields) : [];
    if (given.length === 0) throw new SlackError('invalid_arguments');
    const files = given.map((each) => {
      const file = context.workspace.files.get(textOf(each.id));
      if (file === undefined || file.bytes.length === 0) throw new SlackError('file_not_found');
      if (typeof each.title === 'string') file.title = each.title;
      return file;
    });
    for (const file of files) file.complete = true;
    if (textOf(args.channel_id) !== '') {
      const channel = channelOf({ channel: args.channel_id }, context, true);
      const pictures: Block[] = files.map((file) => ({
        type: 'image',
        slack_file: { id: file.id },
        alt_text: file.altText || file.title,
        title: { type: 'plain_text', text: file.title },
      }));
      const text = textOf(args.initial_comment) || files.map((file) => file.title).join(', ');
      const { blocks } = contentOf({ text, blocks: [...blocksOf(args), ...pictures] });
      const threadTs = textOf(args.thread_ts) || null;
      context.workspace.post({ channel: channel.id, user: botUserId, text, blocks, threadTs });
    }
    return {
      files: files.map((file) => ({
        id: file.id,
        title: file.title,
        name: file.name,
        mimetype: 'image/png',
      })),
    };
  },
};

/** The bytes of an upload: raw, or the picture inside a multipart body. */
export function uploadedBytes(body: Buffer): Buffer {
  const png = body.indexOf(Buffer.from([0x89, 0x50, 0x4e, 0x47]));
  return png > 0 ? body.subarray(png) : body;
}
