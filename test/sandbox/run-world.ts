/** A world as a process with a stub for the bot: --bot SCRIPT names it. */
import { runWorld } from '../../src/sandbox/world-cli.js';

const argv = process.argv.slice(2);
const [, script] = argv.splice(argv.indexOf('--bot'), 2);
process.exitCode = await runWorld(argv, process, script);
