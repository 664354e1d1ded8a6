import { type Static, Type } from 'typebox';
import type { JsonObject } from '../model/json.ts';
import type { OidcProvider, RoleRule } from '../model/oidc.ts';
import { ROLES } from '../model/operator.ts';
import type { ChannelCatalog } from './connections.ts';
import { listIn, type Report, readSection } from './section.ts';

const PROVIDER = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$', description: 'a short name of a-z, 0-9 and -' }),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
    issuer: Type.String(),
    clientId: Type.String({ minLength: 1 }),
    clientSecret: Type.String({ secret: true, minLength: 1 }),
    clientAuth: Type.Enum(['post', 'basic'], { default: 'post' }),
    scopes: Type.Array(Type.String({ pattern: '^[!#-\\[\\]-~]+$', description: 'a scope without spaces' }), {
      default: ['openid', 'profile', 'email'],
      uniqueItems: true,
    }),
    allowPrivateNetwork: Type.Boolean({ default: false }),
    signOutThere: Type.Boolean({ default: false }),
    rules: Type.Array(Type.Unknown(), { default: [] }),
  },
  { additionalProperties: false },
);

const RULE = Type.Object(
  {
    claim: Type.String({ minLength: 1 }),
    value: Type.String({ minLength: 1 }),
    role: Type.Enum([...ROLES]),
    bots: Type.Array(Type.String(), { default: [], uniqueItems: true }),
  },
  { additionalProperties: false },
);

export interface ReadProvider {
  readonly provider: OidcProvider;
  readonly printable: JsonObject;
}

interface ProviderContext {
  readonly report: Report;
  readonly refuseUrl: ChannelCatalog['refuseUrl'];
  /** Where people reach this server, and providers send them back to; null: nobody said. */
  readonly publicUrl: string | null;
}

/** Null when there was a fault; the report has it. */
export function readProvider(raw: unknown, path: string, context: ProviderContext): ReadProvider | null {
  const { report } = context;
  const section = readSection(PROVIDER, raw, path, report);
  const read = listIn(raw, 'rules').map((item, index) => readRule(item, `${path}.rules[${index}]`, report));
  if (section === null) return null;
  const { id, name = id, rules: _, ...rest } = section.value;
  report.faults.push(...checkProvider(section.value, context).map((fault) => `${path}.${fault}`));
  const rules = read.filter((rule) => rule !== null);
  return {
    provider: { ...rest, id, name, rules },
    printable: { ...section.printable, id, name, rules: rules.map((rule) => ({ ...rule, bots: [...rule.bots] })) },
  };
}

/** Of bots that were made over the API the file knows nothing, so none is asked for here. */
function readRule(raw: unknown, path: string, report: Report): RoleRule | null {
  const section = readSection(RULE, raw, path, report);
  if (section === null) return null;
  const { claim, value, role, bots } = section.value;
  if (role === 'admin' && bots.length > 0)
    report.faults.push(`${path}.bots: an admin uses every bot; remove the list, or give another role.`);
  if (role !== 'admin' && bots.length === 0)
    report.faults.push(`${path}.bots: is empty, so a ${role} could not use any bot; list the ids of their bots.`);
  return { claim, value, role, bots };
}

/** Ours by this address too, so that none is ever sent a secret or believed who is not meant. */
function checkProvider(
  { issuer, scopes, allowPrivateNetwork }: Static<typeof PROVIDER>,
  { publicUrl, refuseUrl }: ProviderContext,
): string[] {
  const faults: string[] = [];
  const refusal = refuseIssuer(issuer, allowPrivateNetwork) ?? refuseUrl(new URL(issuer), { allowPrivateNetwork });
  if (refusal !== null) faults.push(`issuer: ${refusal}`);
  if (!scopes.includes('openid')) faults.push('scopes: openid is missing, without which nobody is named; add it.');
  if (publicUrl === null)
    faults.push(
      'issuer: people come back from there to the public URL, which is not set; set BECKON_PUBLIC_URL or --public-url.',
    );
  else if (!isPrivateEnough(new URL(publicUrl)))
    faults.push(`issuer: people would come back over ${publicUrl}, which is not encrypted; make the public URL https.`);
  return faults;
}

const MANY_TENANTS = /^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)\b/;

function refuseIssuer(issuer: string, allowPrivateNetwork: boolean): string | null {
  const url = URL.parse(issuer);
  if (url === null) return 'must be a whole URL, as in https://id.example.com/realms/staff.';
  if (url.search !== '' || url.hash !== '') return 'takes no query and no fragment; remove them.';
  if (issuer.includes('/.well-known/'))
    return 'is the address of the metadata; leave out what begins with /.well-known/.';
  if (MANY_TENANTS.test(issuer)) return 'lets every tenant in; put the id of yours in place of the word in the path.';
  if (url.protocol === 'http:' && !allowPrivateNetwork)
    return 'must be https; http is for a provider in your own network only, with allowPrivateNetwork: true.';
  return null;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const isPrivateEnough = ({ protocol, hostname }: URL): boolean => protocol === 'https:' || LOOPBACK.test(hostname);
