import { Type } from 'typebox';
import { NOTHING } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { LINK_BODY, SET_UP_BODY, SIGN_IN_BODY, SIGN_IN_OPTIONS, SIGNED_IN } from './documents.ts';

const JSON_TYPE = ['application/json'];
const SIGNED_IN_REPLY = {
  200: {
    description: 'Who is signed in. What is kept of it in the browser is a cookie.',
    content: { 'application/json': SIGNED_IN },
  },
};

export const OPTIONS: Operation = {
  id: 'getSignInOptions',
  tag: 'session',
  summary: 'How people sign in here',
  description: 'For the page on which they do.',
  scope: null,
  query: NOTHING,
  replies: { 200: { description: 'The ways.', content: { 'application/json': SIGN_IN_OPTIONS } } },
  faults: ['body_invalid'],
};

export const SHOW: Operation = {
  id: 'getSession',
  tag: 'session',
  summary: 'Who is signed in',
  description: 'And what they may do, as it is now.',
  scope: null,
  isOfSession: true,
  query: NOTHING,
  replies: SIGNED_IN_REPLY,
  faults: ['body_invalid', 'session_missing', 'cross_origin'],
};

export const SIGN_IN: Operation = {
  id: 'signIn',
  tag: 'session',
  summary: 'Sign in',
  description:
    'A session ends after an hour in which nothing was asked, after twelve at the latest, and at once when its operator is disabled or signs out. Who guesses is made to wait.',
  scope: null,
  query: NOTHING,
  body: { types: JSON_TYPE, schema: SIGN_IN_BODY },
  replies: SIGNED_IN_REPLY,
  faults: [...OF_BODIES, 'cross_origin', 'sign_in_refused', 'sign_ins_limited', 'overloaded'],
};

export const SET_UP: Operation = {
  id: 'setUpOperator',
  tag: 'session',
  summary: 'Make an account good',
  description:
    'The first admin’s, with the link that the server prints when it starts and has none; or one’s own, with an invitation, for which name and email may be left out. Whoever was signed in to it before is signed out.',
  scope: null,
  query: NOTHING,
  body: { types: JSON_TYPE, schema: SET_UP_BODY },
  replies: SIGNED_IN_REPLY,
  faults: [...OF_BODIES, 'cross_origin', 'link_refused', 'password_weak', 'overloaded'],
};

export const SIGN_IN_BY_LINK: Operation = {
  id: 'signInByLink',
  tag: 'session',
  summary: 'Sign in by a link that is good once',
  description: 'Such as `beckon demo` prints.',
  scope: null,
  query: NOTHING,
  body: { types: JSON_TYPE, schema: LINK_BODY },
  replies: SIGNED_IN_REPLY,
  faults: [...OF_BODIES, 'cross_origin', 'link_refused'],
};

export const SIGN_OUT: Operation = {
  id: 'signOut',
  tag: 'session',
  summary: 'Sign out',
  description: 'Its cookie is good for nothing any more, wherever there is a copy. Asked twice it is done.',
  scope: null,
  isOfSession: true,
  query: NOTHING,
  replies: {
    200: {
      description: 'Nobody is signed in here any more. The provider through which they came signs them out as well.',
      content: { 'application/json': Type.Object({ location: Type.String({ description: 'Its page to do so.' }) }) },
    },
    204: { description: 'Nobody is signed in.' },
  },
  faults: [...OF_BODIES, 'cross_origin'],
};
