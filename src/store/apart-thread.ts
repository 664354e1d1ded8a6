import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { giveBackAtRest } from '../memory/at-rest.ts';
import { systemClock } from '../model/clock.ts';
import { answerOf, questionOf } from './apart-crossings.ts';
import { flatten, type Message, Outbox, type Question } from './apart-messages.ts';
import { openStore } from './open.ts';
import type { Store } from './port.ts';

/** The inside of the thread that `openStoreApart` starts: opens the store and answers what is asked, in any order. */
async function answerQuestions(port: MessagePort, url: string): Promise<void> {
  const messages = new Outbox<Message>((items) => port.postMessage(items));
  const tell = (message: Message) => messages.put(message);
  const store = await openStore(url, { clock: systemClock }).catch((error: unknown) => {
    tell({ kind: 'refused', error: flatten(error) });
    return null;
  });
  if (store === null) return;
  const stopGivingBack = giveBackAtRest(systemClock);
  store.onWake(() => tell({ kind: 'wake' }));
  store.onEnded((ends) => tell({ kind: 'ended', ends }));
  const answer = (question: Question) => {
    const { id, verb } = question;
    ask(store, question).then(
      (value) => {
        tell({ kind: 'answer', id, value: answerOf(verb).pack(value) });
        if (verb !== 'close') return;
        stopGivingBack();
        messages.flush();
        port.close();
      },
      (error: unknown) => tell({ kind: 'fault', id, error: flatten(error) }),
    );
  };
  port.on('message', (questions: readonly Question[]) => questions.forEach(answer));
  tell({ kind: 'opened', store: store.kind });
}

/** The other side is typed by the port: what it asks of a verb is that verb's request. */
function ask(store: Store, { verb, request }: Question): Promise<unknown> {
  const perform: (request: never) => Promise<unknown> = store[verb];
  return perform(questionOf(verb).unpack(request) as never);
}

if (parentPort !== null) await answerQuestions(parentPort, workerData);
