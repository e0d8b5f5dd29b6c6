/** `muster decide [--config FILE] --fleet NAME [--preset P]`: picks the policy, then talks over the standard streams. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type FleetConfig, parseFile } from './config.js';
import { type Policy, policySchema } from './core/policy.js';
import { runDecide } from './decide-cli.js';
import { OperatorError } from './errors.js';
import { sandboxFleets } from './sandbox/fleets.js';

const USAGE = 'muster decide [--config FILE] --fleet NAME [--preset thrifty|balanced|careful]';

export async function runDecideCommand(argv: string[]): Promise<number> {
  const options = readOptions(argv);
  const policy = policyOf(options);
  await runDecide({ policy, input: process.stdin, output: process.stdout, fleet: options.fleet });
  return 0;
}

interface Options {
  config?: string;
  fleet: string;
  preset?: string;
}

function readOptions(argv: string[]): Options {
  try {
    const { values } = parseArgs({
      args: argv,
      options: { config: { type: 'string' }, fleet: { type: 'string' }, preset: { type: 'string' } },
    });
    if (values.fleet === undefined)
      throw new OperatorError('usage', 'Please name the fleet: --fleet NAME.', USAGE);
    return { ...values, fleet: values.fleet };
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError('usage', (error as Error).message, USAGE);
  }
}

/** The fleet's policy from the file, or from the sandbox's own configuration when there is none. */
function policyOf({ config, fleet, preset }: Options): Policy {
  const fleets: FleetConfig[] = config === undefined ? sandboxFleets() : parseFile(readConfig(config)).fleets;
  const found = fleets.find((each) => each.name === fleet);
  if (found === undefined) {
    const names = fleets.map((each) => each.name).join(', ');
    throw new OperatorError(
      'unknown-fleet',
      `There is no fleet named "${fleet}"; there are: ${names}.`,
      USAGE,
    );
  }
  if (preset === undefined) return found.policy;
  const chosen = policySchema.shape.preset.safeParse(preset);
  if (!chosen.success) {
    throw new OperatorError(
      'usage',
      `--preset must be thrifty, balanced or careful, not "${preset}".`,
      USAGE,
    );
  }
  return { ...found.policy, preset: chosen.data };
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperatorError(
      'bad-configuration',
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}). Please check --config.`,
    );
  }
}
