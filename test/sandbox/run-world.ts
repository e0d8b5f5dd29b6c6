/** A world as a process, for tests that kill it. --bot SCRIPT names what stands in for the bot; without it, the real one. */
import { runWorld } from '../../src/sandbox/world-cli.js';

const argv = process.argv.slice(2);
const at = argv.indexOf('--bot');
const [, script] = at < 0 ? [] : argv.splice(at, 2);
process.exitCode = await (script === undefined ? runWorld(argv) : runWorld(argv, process, script));
