import { serveBroken } from './broken-server.ts';

/** A server where a message that begins with `urgent` has the urgent lane and any other the bulk lane: Kore's API has one. */
await serveBroken((store) => ({
  ...store,
  accept: (request) => {
    const { message } = request.notification;
    const isUrgent = 'text' in message && message.text.startsWith('urgent');
    return store.accept({ ...request, notification: { ...request.notification, lane: isUrgent ? 'urgent' : 'bulk' } });
  },
}));
