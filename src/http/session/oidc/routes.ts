import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { OidcProvider, OidcRefusal } from '../../../model/oidc.ts';
import type { Operator } from '../../../model/operator.ts';
import { addOperation } from '../../contract/route.ts';
import { Fault } from '../../faults.ts';
import { requireJsonBody } from '../../media-type.ts';
import type { Attempts } from '../attempts.ts';
import type { SessionRoutesOptions } from '../routes.ts';
import { assertSameOrigin } from '../same-origin.ts';
import { Admission } from './admission.ts';
import { IdentityProvider } from './identity-provider.ts';
import {
  type ANSWER_QUERY,
  BEGIN,
  type BEGIN_QUERY,
  FINISH,
  LINK,
  type LINK_BODY,
  type PROVIDER,
} from './operations.ts';
import { RefusedSignIn } from './refused-sign-in.ts';
import { type RoundTrip, RoundTrips } from './round-trips.ts';
import { safePath } from './safe-path.ts';

export interface OidcRoutesOptions extends SessionRoutesOptions {
  readonly attempts: Attempts;
  readonly providers: ReadonlyMap<string, IdentityProvider>;
}

interface OfProvider {
  readonly Params: Static<typeof PROVIDER>;
}
type Begin = OfProvider & { readonly Querystring: Static<typeof BEGIN_QUERY> };
type Finish = OfProvider & { readonly Querystring: Static<typeof ANSWER_QUERY> };
type Link = OfProvider & { readonly Body: Static<typeof LINK_BODY> };

const url = '/session/oidc/:provider';

/** Where a browser begins; below it is where the provider sends it back to. */
export const hrefOf = ({ id }: Pick<OidcProvider, 'id'>): string => `/api/v1/session/oidc/${id}`;

/** Signing in elsewhere. People come here with their browsers, so what goes wrong is told by a page of the console. */
export function addOidcRoutes(app: FastifyInstance, options: OidcRoutesOptions): void {
  const { gate, publicUrl } = options;
  const tools = { ...options, trips: new RoundTrips(options) };
  const onRequest = [async (request: FastifyRequest) => assertSameOrigin(request, publicUrl)];
  addOperation(app, gate, { method: 'GET', url, operation: BEGIN, onRequest, handler: createBegin(tools) });
  addOperation(app, gate, { method: 'GET', url: `${url}/callback`, operation: FINISH, handler: createFinish(tools) });
  addOperation(app, gate, {
    method: 'POST',
    url: `${url}/link`,
    operation: LINK,
    onRequest: [...onRequest, requireJsonBody],
    handler: createLink(tools),
  });
}

interface Tools extends OidcRoutesOptions {
  readonly trips: RoundTrips;
}

type OfProviders = Pick<SessionRoutesOptions, 'oidc' | 'outbound' | 'clock' | 'publicUrl'>;

export function openProviders({ oidc, outbound, clock, publicUrl }: OfProviders): Map<string, IdentityProvider> {
  const home = publicUrl?.replace(/\/+$/, '') ?? '';
  const open = (about: OidcProvider) => {
    const redirectUri = `${home}${hrefOf(about)}/callback`;
    return new IdentityProvider(about, { outbound, clock, redirectUri, signedOutUri: `${home}/sign-in` });
  };
  return new Map(oidc.map((about) => [about.id, open(about)]));
}

function createBegin({ providers, trips, attempts, logger }: Tools) {
  return function begin(request: FastifyRequest<Begin>, reply: FastifyReply): Promise<FastifyReply> {
    const { provider: id } = request.params;
    const begun = async () => {
      const provider = providers.get(id);
      if (provider === undefined) throw new RefusedSignIn('failed', 'There is no such provider.');
      // Whoever comes back signed in has not been guessing, and is forgiven.
      await attempts.count({ account: null, address: request.ip }).catch(refuseMany);
      const returnTo = safePath(request.query.returnTo);
      return setOut(provider, trips, { request, reply, returnTo, linkFor: null });
    };
    return begun().then(
      (location) => goTo(reply, location),
      (error) => refuse(error, { reply, id, logger }),
    );
  };
}

function createFinish(tools: Tools) {
  const { providers, trips, logger } = tools;
  return async function finish(request: FastifyRequest<Finish>, reply: FastifyReply): Promise<FastifyReply> {
    const { provider: id } = request.params;
    try {
      const trip = await trips.end({ request, reply }, { provider: id, state: request.query.state ?? '' });
      const provider = providers.get(id);
      if (trip === null || provider === undefined) throw new RefusedSignIn('expired');
      const [, query = ''] = request.url.split('?', 2);
      const arrival = { request, provider: provider.about, claims: await provider.readAnswer(query, trip) };
      const path = trip.linkFor === null ? await signIn(arrival, trip, reply, tools) : await link(arrival, trip, tools);
      return goTo(reply, path);
    } catch (error) {
      return refuse(error, { reply, id, logger });
    }
  };
}

type Arriving = Parameters<Admission['admit']>[0];

/** The page they wanted to see. */
async function signIn(arrival: Arriving, trip: RoundTrip, reply: FastifyReply, tools: Tools): Promise<string> {
  const operator = await new Admission(tools).admit(arrival);
  await tools.sessions.open({ request: arrival.request, reply }, operator, { provider: arrival.provider.id });
  await tools.attempts.forgive({ account: null, address: arrival.request.ip });
  return trip.returnTo;
}

async function link(arrival: Arriving, trip: RoundTrip, tools: Tools): Promise<string> {
  const operator = await tools.sessions.findByHash(trip.linkFor ?? '');
  if (operator === null) throw new RefusedSignIn('expired', 'Whoever set out is signed out.');
  await new Admission(tools).link(arrival, operator);
  const path = new URL(trip.returnTo, 'http://here.invalid');
  path.searchParams.set('linked', arrival.provider.id);
  return path.pathname + path.search;
}

function createLink({ providers, trips, sessions, logger }: Tools) {
  return async function beginLink(request: FastifyRequest<Link>, reply: FastifyReply): Promise<{ location: string }> {
    const operator: Operator | null = await sessions.find(request);
    if (operator === null) throw new Fault('session_missing', 'sign in');
    const provider = providers.get(request.params.provider);
    if (provider === undefined) throw new Fault('provider_unknown', 'see GET /api/v1/session/options');
    const returnTo = safePath(request.body.returnTo);
    try {
      return {
        location: await setOut(provider, trips, { request, reply, returnTo, linkFor: sessions.hashOf(request) }),
      };
    } catch (error) {
      if (!(error instanceof RefusedSignIn)) throw error;
      logger.warn('sign-in refused', { reason: error.reason, detail: error.message });
      throw new Fault('provider_unavailable', 'try again later; what you have works without it');
    }
  };
}

/** Where whoever signed out here goes on to be signed out there; null: nowhere. They are signed out here whatever it answers. */
export async function findSignOut(
  providers: OidcRoutesOptions['providers'],
  { provider, logger }: { readonly provider: string; readonly logger: Tools['logger'] },
): Promise<string | null> {
  try {
    return (await providers.get(provider)?.writeSignOut()) ?? null;
  } catch (error) {
    if (!(error instanceof RefusedSignIn)) throw error;
    logger.warn('sign-out not passed on', { reason: error.reason, detail: error.message });
    return null;
  }
}

interface SettingOut extends Pick<RoundTrip, 'returnTo' | 'linkFor'> {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function setOut(provider: IdentityProvider, trips: RoundTrips, out: SettingOut): Promise<string> {
  const { request, reply, returnTo, linkFor } = out;
  const { url: location, secrets } = await provider.writeRequest();
  await trips.begin({ request, reply }, { ...secrets, provider: provider.about.id, returnTo, linkFor });
  return location;
}

const goTo = (reply: FastifyReply, location: string): FastifyReply =>
  reply.code(303).header('location', location).header('referrer-policy', 'no-referrer').send();

interface Refusing {
  readonly reply: FastifyReply;
  readonly id: string;
  readonly logger: Tools['logger'];
}

/** Everything else that goes wrong is a fault of ours, and told as such. */
function refuse(error: unknown, { reply, id, logger }: Refusing): FastifyReply {
  if (!(error instanceof RefusedSignIn)) throw error;
  const { reason, message } = error;
  logger.warn('sign-in refused', { reason, ...(message !== '' && { detail: message }) });
  return goTo(reply, pageOf(reason, id));
}

const pageOf = (reason: OidcRefusal, id: string): string =>
  `/sign-in?${new URLSearchParams({ refused: reason, by: id })}`;

function refuseMany(error: unknown): never {
  throw error instanceof Fault && error.fault === 'sign_ins_limited' ? new RefusedSignIn('too_many') : error;
}
