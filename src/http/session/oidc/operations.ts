import { Type } from 'typebox';
import { closed, NOTHING } from '../../contract/fields.ts';
import { OF_BODIES, type Operation } from '../../contract/operation.ts';

export const PROVIDER = closed({
  provider: Type.String({ maxLength: 32, description: 'As `GET /session/options` names it.', examples: ['staff'] }),
});
const RETURN_TO = Type.Optional(
  Type.String({ maxLength: 2_000, description: 'The page of the console to go to afterwards; left out: the first.' }),
);
export const BEGIN_QUERY = closed({ returnTo: RETURN_TO });
const TEXT = Type.Optional(Type.String({ maxLength: 8_000 }));
/** Providers add words of their own. */
export const ANSWER_QUERY = Type.Object({ state: TEXT, code: TEXT, error: TEXT, iss: TEXT });
export const LINK_BODY = closed({ returnTo: RETURN_TO });

/**
 * A browser comes here by itself and is always led on: there is no page to answer with, so a 303 is what success is, and no 2xx
 * there is.
 */
const leadsOn = (description: string, location: string): Operation['replies'] => ({
  303: { description, headers: { Location: Type.String({ description: location }) } },
  default: {
    description: 'A fault of the server. Whatever it is, the browser is led nowhere and nobody is signed in.',
    content: { 'application/problem+json': Type.Ref('Problem#') },
  },
});

export const BEGIN: Operation = {
  id: 'beginOidcSignIn',
  tag: 'session',
  summary: 'Go to a provider to sign in',
  description:
    'For browsers, which are sent to the provider with a cookie that ties the way back to this one. OpenID Connect: authorization code, PKCE, state and nonce.',
  scope: null,
  params: PROVIDER,
  query: BEGIN_QUERY,
  replies: leadsOn('To the provider; or to the sign-in page, which says why not.', 'Where to go on.'),
  faults: ['body_invalid', 'cross_origin'],
};

export const FINISH: Operation = {
  id: 'finishOidcSignIn',
  tag: 'session',
  summary: 'Come back from a provider',
  description:
    'The redirect URI that a provider is told. Good once, within ten minutes, and for the browser that set out. Whoever is an operator has a new session afterwards; whoever is not is told why on the sign-in page.',
  scope: null,
  params: PROVIDER,
  query: ANSWER_QUERY,
  replies: leadsOn(
    'To the console, where they are signed in; or to its sign-in page, which says why not.',
    'A page of this server.',
  ),
  faults: ['body_invalid'],
};

export const LINK: Operation = {
  id: 'beginOidcLink',
  tag: 'session',
  summary: 'Be known at a provider as well',
  description:
    'Whoever is signed in goes to the provider once, and can sign in there from then on, whatever their e-mail is. The cookie that comes along ties the way back to this browser and this session.',
  scope: null,
  isOfSession: true,
  params: PROVIDER,
  query: NOTHING,
  body: { types: ['application/json'], schema: LINK_BODY },
  replies: {
    200: {
      description: 'Where to go.',
      content: { 'application/json': Type.Object({ location: Type.String({ description: 'At the provider.' }) }) },
    },
  },
  faults: [...OF_BODIES, 'cross_origin', 'session_missing', 'provider_unknown', 'provider_unavailable'],
};
