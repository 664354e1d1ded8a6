import type { Command } from 'commander';
import { parseWholeNumber } from '../config/parse-plain.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { firstStopSignal } from './stop-signals.ts';

interface SandboxCommandOptions {
  readonly host: string;
  readonly port: string;
  readonly limits: boolean;
}

export function define(command: Command): void {
  command
    .description(
      'Runs simulators of the providers on this machine: Teams with Graph, Slack, Google Chat, WhatsApp, Twilio, a push service, webhook receivers and a mail relay.',
    )
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on, and the next one for mail; 0 picks free ones', '9090')
    .option('--no-limits', "switch the providers' documented rate limits off")
    .addHelpText(
      'after',
      '\nExample:\n  beckon sandbox --port 9090 > rehearsal.yaml    a configuration that talks to it',
    )
    .action(async ({ host, port, limits }: SandboxCommandOptions) => {
      const stopped = firstStopSignal();
      const { startSandbox } = await import('../sandbox/sandbox.ts');
      const httpPort = parsePort(port);
      const smtpPort = httpPort === 0 ? 0 : httpPort + 1;
      const options = { host, port: httpPort, smtpPort, limits: limits ? ('documented' as const) : ('off' as const) };
      const sandbox = await startSandbox(options).catch(explainStart);
      console.error(`The sandbox is at ${sandbox.urls.base} (open it for a guide). Ctrl-C ends it.`);
      console.log(await sampleConfig(sandbox));
      await stopped;
      await sandbox.close();
    });
}

function parsePort(text: string): number {
  const port = parseWholeNumber({ min: 0, max: 65_535 })(text);
  if ('value' in port) return port.value;
  throw new CommandFailure(`--port: ${port.fault}`, EXIT.usage);
}

/** The sandbox's own sentence: what it could not listen on, and why. */
function explainStart(error: unknown): never {
  throw error instanceof Error ? new CommandFailure(error.message, EXIT.unavailable) : error;
}

async function sampleConfig(sandbox: Sandbox): Promise<string> {
  const [{ sandboxConfig }, { stringify }] = await Promise.all([import('./sandbox-config.ts'), import('yaml')]);
  return stringify(sandboxConfig(sandbox).file, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
}
