import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Connection } from '../model/tenancy.ts';

/** A connection's settings with the schema's defaults. Throws when they were never checked against it. */
export function readSettings<Schema extends TSchema>(schema: Schema, connection: Connection): Static<Schema> {
  const settings = Value.Default(schema, structuredClone(connection.settings));
  if (Value.Check(schema, settings)) return settings;
  throw new Error(`The settings of connection ${connection.id} were not checked against the schema of its channel.`);
}
