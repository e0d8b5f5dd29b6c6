/** The least that is a bot to the world: takes its configuration, listens, registers, answers each command with its words. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const world = process.argv[process.argv.indexOf('--world') + 1] ?? '';
const { config } = (await (await fetch(`${world}/_sandbox/replica`)).json()) as {
  config: { environment: string };
};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const said = new URLSearchParams(Buffer.concat(chunks).toString()).get('text') ?? '';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ text: `${config.environment} heard: ${said}`, response_type: 'ephemeral' }),
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const register = () =>
    fetch(`${world}/_sandbox/bots`, {
      method: 'POST',
      body: JSON.stringify({ url, pid: process.pid }),
    }).catch(() => {});
  void register();
  setInterval(register, 1_000);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
