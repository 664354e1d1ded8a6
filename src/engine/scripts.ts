import type { Script } from '../model/message.ts';
import type { Notification, Recipient } from '../model/notification.ts';
import type { Person } from '../model/person.ts';
import { writeContext } from '../render/script/context.ts';
import type { Rendering } from '../render/script/fault.ts';
import type { ScriptRenderer } from '../render/script/renderer.ts';

export interface ScriptParts {
  readonly renderer: ScriptRenderer;
  readonly botName: string;
  readonly findPeople: (personIds: readonly string[]) => Promise<readonly Person[]>;
}

/** Recipients of one notification whose message is still to be written. */
export interface ScriptRun {
  readonly script: Script;
  readonly notification: Notification;
  readonly recipients: readonly { readonly recipient: Recipient; readonly personId: string }[];
}

/** Runs a notification's script for some of its recipients; the renderings come in their order. */
export async function runScript(parts: ScriptParts, run: ScriptRun): Promise<readonly Rendering[]> {
  const { notification, script } = run;
  const personIds = [...new Set(run.recipients.map(({ personId }) => personId))];
  const people = new Map((await parts.findPeople(personIds)).map((person) => [person.id, person]));
  return parts.renderer.render({
    botId: notification.botId,
    notificationId: notification.id,
    source: script.source,
    createdAt: notification.createdAt,
    recipients: run.recipients.map(({ recipient, personId }) => ({
      seq: recipient.seq,
      context: writeContext({
        botName: parts.botName,
        notification,
        recipient,
        personId,
        person: people.get(personId) ?? null,
      }),
    })),
  });
}
