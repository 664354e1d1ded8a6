import type { Clock } from '../model/clock.ts';
import { isJsonObject, parseJsonObject } from '../model/json.ts';
import type { Ledger } from './ledger.ts';
import { type Answer, type Call, decodeSegment, json, type Plan, type Provider, planAnswer } from './provider.ts';
import { checkSignature } from './signature.ts';

export interface HooksParts {
  readonly secrets: HookSecrets;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** A receiver of webhooks: any name is a hook. One with secrets refuses what none of them signed. */
export function openHooks({ secrets, ledger, clock }: HooksParts): Provider {
  let received = 0;

  function plan(call: Call): Plan {
    const name = decodeSegment(call.path.slice(1));
    if (name === '' || name.includes('/')) return planAnswer('unknown', refuse(404));
    if (call.method !== 'POST') return planAnswer('deliver', refuse(405));
    const body = parseJsonObject(call.body);
    const recipient = typeof body?.['to'] === 'string' ? body['to'] : name;
    return { route: 'deliver', recipient, exclusive: null, run: () => deliver(call, name, recipient, textOf(body)) };
  }

  function deliver(call: Call, name: string, recipient: string, text: string | null): Answer {
    const verdict = checkSignature(call.headers, call.raw, secrets.of(name), clock.now());
    if (verdict !== 'valid' && verdict !== 'unchecked') return json(401, { error: verdict });
    const messageId = `hook-${++received}`;
    ledger.record({
      provider: 'hooks',
      action: 'send',
      recipient,
      conversation: name,
      key: call.headers('webhook-id'),
      messageId,
      text,
      signature: { verdict, timestamp: call.headers('webhook-timestamp') },
      body: call.body,
    });
    return json(200, { received: messageId }, { 'x-request-id': messageId });
  }

  return { plan, refuse };
}

/** Secrets by hook name; several while a key is being rotated. A hook without any checks nothing. */
export class HookSecrets {
  readonly #secrets = new Map<string, readonly string[]>();

  change(secrets: Readonly<Record<string, readonly string[]>>): void {
    for (const [name, keys] of Object.entries(secrets)) this.#secrets.set(name, keys);
  }

  reset(secrets: Readonly<Record<string, readonly string[]>>): void {
    this.#secrets.clear();
    this.change(secrets);
  }

  of(name: string): readonly string[] {
    return this.#secrets.get(name) ?? [];
  }
}

function refuse(status: number): Answer {
  return json(status, { error: `status ${status}` });
}

/** Kore's async V2 body carries the message as `data[0].val`. */
function textOf(body: Record<string, unknown> | null): string | null {
  const data = body?.['data'];
  const first: unknown = Array.isArray(data) ? data[0] : null;
  if (isJsonObject(first) && typeof first['val'] === 'string') return first['val'];
  return typeof body?.['text'] === 'string' ? body['text'] : null;
}
