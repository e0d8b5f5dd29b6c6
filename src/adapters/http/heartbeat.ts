/** Asks an address of a dead-man service: it alarms when the asking stops, whatever became of the bot. */
import axios from 'axios';
import { httpError } from '../../errors.js';

export interface Heartbeat {
  /** Throws an OutsideError when the service did not take it. */
  beat(): Promise<void>;
}

/** Such addresses carry their secret in the path, so errors name none of it. */
export function createHeartbeat(url: string, timeoutMs: number): Heartbeat {
  return {
    beat: async () => {
      const { status } = await ask(url, timeoutMs);
      if (status >= 200 && status < 300) return;
      throw httpError('heartbeat', 'beat', { status, code: null, detail: '' });
    },
  };
}

async function ask(url: string, timeoutMs: number): Promise<{ status: number }> {
  try {
    return await axios.get(url, {
      signal: AbortSignal.timeout(timeoutMs),
      maxRedirects: 3,
      maxContentLength: 100_000,
      responseType: 'text',
      validateStatus: () => true,
    });
  } catch (error) {
    const code = axios.isAxiosError(error) ? (error.code ?? null) : null;
    throw httpError('heartbeat', 'beat', { status: null, code, detail: 'no answer' });
  }
}
