import type { FastifyInstance } from 'fastify';
import { addOperation } from '../../contract/route.ts';
import { requireJsonBody } from '../../media-type.ts';
import type { NativeContext } from '../context.ts';
import { readJsonBodies } from '../json-bodies.ts';
import { ADD_CHUNK, type AddChunkParts, createAddChunk, requireRecipients } from './add-chunk.ts';
import { createSeal, SEAL, type SealParts } from './seal.ts';
import { createShowAudience, SHOW_AUDIENCE } from './show-audience.ts';

export type AudienceRoutesOptions = AddChunkParts & SealParts & Pick<NativeContext, 'gate'>;

const URL = '/bots/:botId/notifications/:notificationId';

/** Recipients that come as chunks of a file. A Fastify plugin, under the native prefix. */
export async function audienceRoutes(app: FastifyInstance, options: AudienceRoutesOptions): Promise<void> {
  const { store, gate } = options;
  readJsonBodies(app);
  const show = createShowAudience(store);
  addOperation(app, gate, { method: 'GET', url: `${URL}/audience`, operation: SHOW_AUDIENCE, handler: show });
  addOperation(app, gate, {
    method: 'POST',
    url: `${URL}/seal`,
    operation: SEAL,
    onRequest: [requireJsonBody],
    handler: createSeal(options),
  });
  await app.register(async (chunks) => {
    // Bodies are streams here.
    chunks.removeAllContentTypeParsers();
    chunks.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    addOperation(chunks, gate, {
      method: 'PUT',
      url: `${URL}/audience/:chunk`,
      operation: ADD_CHUNK,
      onRequest: [requireRecipients],
      handler: createAddChunk(options),
    });
  });
}
