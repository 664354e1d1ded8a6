import { type Command, Option } from 'commander';
import { ROLES, type Role } from '../model/operator.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addTarget, openClient, type TargetOptions } from './target.ts';

export function define(command: Command): void {
  command.description('Who signs in to the console. The app that asks is of kind admin and has the scope admin:write.');
  addTarget(command.command('invite'))
    .description('Invites somebody, or lets them choose a new password; prints a link that is good once, for a week.')
    .argument('<email>', 'whom')
    .option('--name <name>', 'what they are called; default: the e-mail')
    .addOption(new Option('--role <role>', 'what they may do').choices([...ROLES]).default('viewer'))
    .option('--bots <ids>', 'the bots they may use, separated by commas; an admin may use all')
    .addHelpText('after', `\nExample:\n  beckon operators invite ann@abc.com --role sender --bots ${BOT} --app ${APP}`)
    .action((email, options, self) => invite(self, email, options));
  addTarget(command.command('list'))
    .description('Lists everybody who signs in.')
    .addHelpText('after', `\nExample:\n  beckon operators list --app ${APP}`)
    .action((options, self) => list(self, options));
  addTarget(command.command('disable'))
    .description('Signs somebody out everywhere; they may not sign in any more.')
    .argument('<email>', 'whom')
    .option('--undo', 'let them sign in again')
    .addHelpText('after', `\nExample:\n  beckon operators disable ann@abc.com --app ${APP}`)
    .action((email, options, self) => disable(self, email, options));
}

const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';
const APP = 'cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9';

interface InviteOptions extends TargetOptions {
  readonly name?: string;
  readonly role: Role;
  readonly bots?: string;
}

async function invite(command: Command, email: string, options: InviteOptions): Promise<void> {
  const { operators } = (await openClient(command, options)).client.admin;
  const known = (await operators.list()).operators.find((operator) => isSame(operator.email, email));
  const { name = email, role, bots } = options;
  const body = { name, email, role, ...(bots !== undefined && { bots: bots.split(',').map((id) => id.trim()) }) };
  const { operator, invitation } = await (known === undefined
    ? operators.invite(body)
    : operators.inviteAgain(known.id));
  const what = known === undefined ? `${operator.email} is invited as ${operator.role}` : `${operator.email} was known`;
  console.log(`${what}. The link to choose a password, good once and for a week:\n${invitation}`);
}

async function list(command: Command, options: TargetOptions): Promise<void> {
  const { client } = await openClient(command, options);
  for (const { email, name, role, bots, signedInAt, disabledAt } of (await client.admin.operators.list()).operators) {
    const may = role === 'admin' ? 'every bot' : bots.join(',') || 'no bot';
    const last = disabledAt !== null ? `disabled ${disabledAt}` : `last signed in ${signedInAt ?? 'never'}`;
    console.log([email, name, role, may, last].join('\t'));
  }
}

async function disable(
  command: Command,
  email: string,
  options: TargetOptions & { readonly undo?: true },
): Promise<void> {
  const { operators } = (await openClient(command, options)).client.admin;
  const known = (await operators.list()).operators.find((operator) => isSame(operator.email, email));
  if (known === undefined) throw new CommandFailure(`Nobody signs in as ${email}.`, EXIT.failure);
  const { disabledAt } = await operators.change(known.id, { disabled: options.undo !== true });
  console.log(disabledAt === null ? `${email} may sign in.` : `${email} is signed out and may not sign in any more.`);
}

const isSame = (email: string, given: string): boolean => email === given.trim().toLowerCase();
