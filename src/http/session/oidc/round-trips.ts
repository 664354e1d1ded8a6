import { timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../model/clock.ts';
import { hashToken, makeToken } from '../../../model/secret-token.ts';
import type { Store } from '../../../store/port.ts';
import { clearOwnCookie, ROUND_TRIP_COOKIE, readOwnCookie, setOwnCookie } from '../cookie.ts';
import type { Secrets } from './identity-provider.ts';

/** For whoever has to find their second factor. */
const LIFE_MS = 10 * 60_000;

/** The way to a provider and back, by one browser and once. */
export interface RoundTrip extends Secrets {
  readonly provider: string;
  /** A page of this server. */
  readonly returnTo: string;
  /** Null: somebody signs in. Otherwise the session of whoever is to be known by the identity as well. */
  readonly linkFor: string | null;
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface RoundTripParts {
  readonly store: Pick<Store, 'addLink' | 'findLink' | 'takeLink'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly publicUrl: string | null;
}

/** Kept in the store under a hash of what the browser's cookie holds, so that any node takes who comes back. */
export class RoundTrips {
  readonly #parts: RoundTripParts;

  constructor(parts: RoundTripParts) {
    this.#parts = parts;
  }

  async begin(exchange: Exchange, trip: RoundTrip): Promise<void> {
    const { store, clock, publicUrl } = this.#parts;
    const token = makeToken();
    const about = JSON.stringify(trip);
    await store.addLink({ link: { hash: hashToken(token), kind: 'oidc', about, expiresAt: clock.now() + LIFE_MS } });
    setOwnCookie(exchange, ROUND_TRIP_COOKIE, { publicUrl, token, maxAgeSeconds: LIFE_MS / 1_000 });
  }

  /** Null: this browser did not set out, was back already, or took too long. What does not fit ends no trip of it. */
  async end({ request, reply }: Exchange, came: Pick<RoundTrip, 'provider' | 'state'>): Promise<RoundTrip | null> {
    const { store, clock } = this.#parts;
    const token = readOwnCookie(request, ROUND_TRIP_COOKIE, this.#parts);
    if (token === null) return null;
    const asked = { hash: hashToken(token), at: clock.now() };
    const link = await store.findLink(asked);
    if (link?.kind !== 'oidc') return null;
    const trip: RoundTrip = JSON.parse(link.about);
    if (trip.provider !== came.provider || !isSame(trip.state, came.state)) return null;
    if ((await store.takeLink(asked)) === null) return null;
    clearOwnCookie(reply, ROUND_TRIP_COOKIE);
    return trip;
  }
}

const isSame = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(hashToken(one)), Buffer.from(hashToken(other)));
