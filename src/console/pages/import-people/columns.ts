import type { ConnectionState } from '../../../client/connections.ts';
import { connectionName } from '../../data/connections.ts';

/** What a column may hold, as the directory calls it. */
export interface Target {
  readonly header: string;
  readonly label: string;
}

const FIXED: readonly Target[] = [
  { header: 'email', label: 'E-mail' },
  { header: 'name', label: 'Name' },
  { header: 'phone', label: 'Phone' },
  { header: 'upn', label: 'UPN' },
  { header: 'identities', label: 'Other identities (a;b)' },
  { header: 'locale', label: 'Language (en, pt-BR)' },
  { header: 'timeZone', label: 'Time zone (Europe/Berlin)' },
  { header: 'tags', label: 'Tags (a;b)' },
  { header: 'id', label: 'Id of the person (u-…)' },
];

/** Names that other programs have for them, without case and signs. */
const ALIASES: Readonly<Record<string, string>> = {
  mail: 'email',
  emailaddress: 'email',
  userprincipalname: 'upn',
  mobile: 'phone',
  mobilephone: 'phone',
  phonenumber: 'phone',
  telephone: 'phone',
  displayname: 'name',
  fullname: 'name',
  language: 'locale',
  preferredlanguage: 'locale',
  tz: 'timeZone',
  groups: 'tags',
};

/** Nothing of the column is imported. */
export const LEFT_OUT = '';

/** What a column may be imported as, the addresses at the bot's connections included. */
export function targetsFor(column: string, connections: readonly ConnectionState[]): Target[] {
  const addresses = connections.map(({ channel, name }) => ({
    header: `${name === null ? channel : `${channel}:${name}`}.channelId`,
    label: `Address on ${connectionName({ channel, name })}`,
  }));
  const own = { header: attributeOf(column), label: `Attribute “${column.trim()}”` };
  const known = [...FIXED, ...addresses];
  const asIs = { header: column.trim(), label: `As it is: ${column.trim()}` };
  return [
    own,
    ...known,
    ...(isWrittenOut(column) && !known.some(({ header }) => header === asIs.header) ? [asIs] : []),
  ];
}

/** What it most likely is. */
export function guessTarget(column: string, connections: readonly ConnectionState[]): string {
  const plain = column.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (plain === '') return LEFT_OUT;
  const fixed = FIXED.find(({ header }) => header.toLowerCase() === plain)?.header ?? ALIASES[plain];
  if (fixed !== undefined) return fixed;
  const known = targetsFor(column, connections).find(({ header }) => header === column.trim());
  return known?.header ?? attributeOf(column);
}

/** `attributes.office`, `msteams.serviceUrl`: as an export writes them. */
const isWrittenOut = (column: string): boolean =>
  /^(attributes|addresses|[a-z]+(:[^.]+)?\.[A-Za-z]+)/.test(column.trim());

const attributeOf = (column: string): string =>
  column.trim().startsWith('attributes.') ? column.trim() : `attributes.${column.trim()}`;
