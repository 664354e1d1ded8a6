import type * as openIdClient from 'openid-client';
import { requireSdk } from '../../../channels/require-sdk.ts';

/** Loaded with the first sign-in elsewhere: most installations have none. */
export const loadOpenIdClient = (): typeof openIdClient => requireSdk('openid-client');
