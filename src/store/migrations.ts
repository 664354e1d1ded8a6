/**
 * The schema's history. A version is a place in this list (the first is 1) and is never edited once released; both
 * databases share the numbers. Every table's key starts with the bot, so that rows can be sharded by tenant.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    // Columns in the order of a notification's life; the counters are moved by checkpoints only.
    `CREATE TABLE notifications (
      bot_id {text} NOT NULL,
      id {text} NOT NULL,
      api {text} NOT NULL,
      app_id {text} NOT NULL,
      created_by {text} NOT NULL,
      channel {text} NOT NULL,
      channel_spelling {text} NOT NULL,
      connection_id {text} NOT NULL,
      resolve {int} NOT NULL,
      lane {int} NOT NULL,
      message {text} NOT NULL,
      total {int} NOT NULL CHECK (total > 0),
      pending {int} NOT NULL CHECK (pending >= 0),
      delivered {int} NOT NULL DEFAULT 0 CHECK (delivered >= 0),
      failed {int} NOT NULL DEFAULT 0 CHECK (failed >= 0),
      suppressed {int} NOT NULL DEFAULT 0 CHECK (suppressed >= 0),
      expired {int} NOT NULL DEFAULT 0 CHECK (expired >= 0),
      cancelled {int} NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
      unknown {int} NOT NULL DEFAULT 0 CHECK (unknown >= 0),
      created_at {int} NOT NULL,
      updated_at {int} NOT NULL,
      expires_at {int} NOT NULL,
      finished_at {int},
      PRIMARY KEY (bot_id, id),
      CHECK (total = pending + delivered + failed + suppressed + expired + cancelled + unknown)
    ) {table}`,
    // Outstanding work only. claimable_at is the due time of a waiting batch and the end of the lease of a held one, so
    // one index answers "what may be claimed now". queue is lane/bot/connection: the unit of fairness, skip-scannable.
    `CREATE TABLE batches (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      batch_no {int} NOT NULL,
      queue {text} NOT NULL,
      claimable_at {int} NOT NULL,
      token {int} NOT NULL,
      owner {text},
      takeovers {int} NOT NULL,
      recipients {text} NOT NULL,
      PRIMARY KEY (bot_id, notification_id, batch_no)
    ) {table}`,
    'CREATE INDEX batches_by_queue ON batches (queue, claimable_at)',
    `CREATE TABLE logs (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      seq {int} NOT NULL,
      state {text} NOT NULL,
      reason {text},
      detail {text},
      identity {text} NOT NULL,
      person_id {text},
      channel_id {text},
      provider_message_id {text},
      attempts {int} NOT NULL,
      maybe_doubled {int} NOT NULL,
      at {int} NOT NULL,
      PRIMARY KEY (bot_id, notification_id, seq)
    ) {keyed}`,
    `CREATE TABLE replies (
      bot_id {text} NOT NULL,
      app_id {text} NOT NULL,
      route {text} NOT NULL,
      key {text} NOT NULL,
      fingerprint {text} NOT NULL,
      status {int} NOT NULL,
      body {text} NOT NULL,
      created_at {int} NOT NULL,
      PRIMARY KEY (bot_id, app_id, route, key)
    ) {table}`,
    'CREATE INDEX replies_by_age ON replies (created_at)',
    `CREATE TABLE used_jtis (
      app_id {text} NOT NULL,
      jti {text} NOT NULL,
      expires_at {int} NOT NULL,
      PRIMARY KEY (app_id, jti)
    ) {keyed}`,
    'CREATE INDEX used_jtis_by_expiry ON used_jtis (expires_at)',
    `CREATE TABLE people (
      bot_id {text} NOT NULL,
      id {text} NOT NULL,
      email {text},
      upn {text},
      phone {text},
      identities {text} NOT NULL,
      name {text},
      locale {text},
      time_zone {text},
      tags {text} NOT NULL,
      attributes {text} NOT NULL,
      PRIMARY KEY (bot_id, id)
    ) {table}`,
    `CREATE TABLE identities (
      bot_id {text} NOT NULL,
      identity {text} NOT NULL,
      person_id {text} NOT NULL,
      PRIMARY KEY (bot_id, identity)
    ) {keyed}`,
    'CREATE INDEX identities_by_person ON identities (bot_id, person_id)',
    `CREATE TABLE addresses (
      bot_id {text} NOT NULL,
      person_id {text} NOT NULL,
      connection_id {text} NOT NULL,
      channel {text} NOT NULL,
      connection_name {text},
      channel_id {text} NOT NULL,
      reference {text},
      source {text} NOT NULL,
      at {int} NOT NULL,
      PRIMARY KEY (bot_id, person_id, connection_id)
    ) {keyed}`,
  ],
  [
    'ALTER TABLE addresses ADD COLUMN worked_at {int}',
    // A receipt may come before its recipient's log is written, so it hangs off the notification alone.
    `CREATE TABLE receipts (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      seq {int} NOT NULL,
      state {text} NOT NULL,
      at {int} NOT NULL,
      reason {text},
      detail {text},
      PRIMARY KEY (bot_id, notification_id, seq)
    ) {keyed}`,
    `CREATE TABLE receipt_counts (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      sent {int} NOT NULL DEFAULT 0 CHECK (sent >= 0),
      failed {int} NOT NULL DEFAULT 0 CHECK (failed >= 0),
      delivered {int} NOT NULL DEFAULT 0 CHECK (delivered >= 0),
      read {int} NOT NULL DEFAULT 0 CHECK (read >= 0),
      PRIMARY KEY (bot_id, notification_id)
    ) {keyed}`,
    // reason NULL: was silenced once and is welcome again since then; older news must not silence anew.
    `CREATE TABLE silences (
      bot_id {text} NOT NULL,
      connection_id {text} NOT NULL,
      identity {text} NOT NULL,
      reason {text},
      detail {text},
      at {int} NOT NULL,
      PRIMARY KEY (bot_id, connection_id, identity)
    ) {keyed}`,
  ],
  [
    // At most one row: the database came out of a backup and nobody has decided yet what may have been sent since.
    `CREATE TABLE restored (
      id {int} NOT NULL PRIMARY KEY CHECK (id = 1),
      at {int} NOT NULL
    ) {table}`,
  ],
  [
    // Of no bot: a quota at a provider may be shared by bots, and is by nodes. state is JSON; a row lives in one step.
    `CREATE TABLE rate_shares (
      account {text} NOT NULL PRIMARY KEY,
      state {text} NOT NULL
    ) {keyed}`,
  ],
  [
    // moments is JSON: when calls of the last hour began, and how many. A row lives in one step.
    `CREATE TABLE call_counts (
      bot_id {text} NOT NULL PRIMARY KEY,
      moments {text} NOT NULL
    ) {keyed}`,
    'ALTER TABLE notifications ADD COLUMN cancelled_at {int}',
    // What is cancelled and not yet ended: a handful of rows, asked for twice a second.
    `CREATE INDEX notifications_in_cancel ON notifications (bot_id, id)
     WHERE cancelled_at IS NOT NULL AND finished_at IS NULL`,
    'ALTER TABLE schema_versions ADD COLUMN compatible_since INTEGER',
  ],
  [
    // Recipients without an end. An older Beckon beside this one counts none of them; see `backlogs.ts`.
    `CREATE TABLE backlogs (
      bot_id {text} NOT NULL PRIMARY KEY,
      recipients {int} NOT NULL
    ) {keyed}`,
    `INSERT INTO backlogs (bot_id, recipients)
     SELECT bot_id, sum(pending) FROM notifications WHERE pending > 0 GROUP BY bot_id`,
  ],
  [
    // Of no bot, as rate_shares. state is JSON; a row is written where its version is the one that was read.
    `CREATE TABLE scope_calls (
      scope {text} NOT NULL PRIMARY KEY,
      version {int} NOT NULL,
      expires_at {int} NOT NULL,
      state {text} NOT NULL
    ) {keyed}`,
    'CREATE INDEX scope_calls_by_expiry ON scope_calls (expires_at)',
  ],
  [
    // Of those who were not reached only, so that a message that is delivered costs nothing more.
    'CREATE INDEX logs_by_reason ON logs (bot_id, notification_id, reason) WHERE reason IS NOT NULL',
  ],
  [
    // One index for every page of `listNotifications`, whatever it filters by: each adds to what accepting costs.
    `CREATE INDEX notifications_by_age
     ON notifications (bot_id, channel, (CASE WHEN finished_at IS NULL THEN 0 ELSE 1 END), created_at, id)`,
  ],
  [
    // JSON; NULL for whatever came through the Kore routes.
    'ALTER TABLE notifications ADD COLUMN options {text}',
  ],
  [
    // bot_id '': of no one bot. Each row holds the hash of the one before; where a chain ends stands apart.
    `CREATE TABLE audit (
      bot_id {text} NOT NULL,
      seq {int} NOT NULL,
      at {int} NOT NULL,
      app_id {text} NOT NULL,
      subject {text} NOT NULL,
      action {text} NOT NULL,
      target {text},
      before {text},
      after {text},
      ip {text},
      previous {text} NOT NULL,
      hash {text} NOT NULL,
      PRIMARY KEY (bot_id, seq)
    ) {keyed}`,
    '{appendOnly audit}',
    `CREATE TABLE audit_heads (
      bot_id {text} NOT NULL PRIMARY KEY,
      seq {int} NOT NULL,
      hash {text} NOT NULL
    ) {keyed}`,
  ],
  [
    // JSON; NULL for all that ended on the first channel of their notification.
    'ALTER TABLE logs ADD COLUMN route {text}',
  ],
  [
    'ALTER TABLE notifications ADD COLUMN paused_at {int}',
    'ALTER TABLE notifications ADD COLUMN paused_reason {text}',
    // Batches are still to be parked, or to be released; see `pause.ts`.
    'ALTER TABLE notifications ADD COLUMN settling {int}',
    // When somebody first took its time into their own hands: since then expires_at alone is its deadline.
    'ALTER TABLE notifications ADD COLUMN extended_at {int}',
    'CREATE INDEX notifications_settling ON notifications (bot_id, id) WHERE settling IS NOT NULL',
    'CREATE INDEX notifications_paused ON notifications (expires_at) WHERE paused_at IS NOT NULL',
  ],
  [
    // The newest version of each, and those that may be asked for by number; a version is never changed.
    `CREATE TABLE templates (
      bot_id {text} NOT NULL,
      name {text} NOT NULL,
      version {int} NOT NULL,
      archived_at {int},
      PRIMARY KEY (bot_id, name)
    ) {keyed}`,
    `CREATE TABLE template_versions (
      bot_id {text} NOT NULL,
      name {text} NOT NULL,
      version {int} NOT NULL,
      definition {text} NOT NULL,
      created_by {text} NOT NULL,
      created_at {int} NOT NULL,
      PRIMARY KEY (bot_id, name, version)
    ) {table}`,
  ],
  [
    // Who is to be told how far a notification is, until its end was written down.
    `CREATE TABLE callback_watches (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      told {int} NOT NULL,
      PRIMARY KEY (bot_id, notification_id)
    ) {keyed}`,
    // What is told, and the log of it. due_at: when it may be tried, or the end of a lease; NULL: it is settled.
    `CREATE TABLE callbacks (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      event_no {int} NOT NULL,
      event {text} NOT NULL,
      connection_id {text} NOT NULL,
      body {text} NOT NULL,
      created_at {int} NOT NULL,
      due_at {int},
      token {int} NOT NULL,
      state {text} NOT NULL,
      tries {text} NOT NULL,
      PRIMARY KEY (bot_id, notification_id, event_no)
    ) {keyed}`,
    'CREATE INDEX callbacks_due ON callbacks (due_at) WHERE due_at IS NOT NULL',
  ],
  [
    // NULL: of the first channel, and no other before it has told anything.
    'ALTER TABLE receipts ADD COLUMN step {int}',
    'ALTER TABLE receipts ADD COLUMN earlier_arrived {int}',
  ],
  [
    // It was sent by rules that have not done yet what they do; the first batch that waits for its canary.
    'ALTER TABLE notifications ADD COLUMN ruled {int}',
    'ALTER TABLE notifications ADD COLUMN held_from {int}',
    'CREATE INDEX notifications_ruled ON notifications (bot_id, id) WHERE ruled IS NOT NULL',
  ],
  [
    // What was made over the API. bot_id '': apps, which are of no one bot. document is JSON; sealed holds its secrets.
    `CREATE TABLE configured (
      bot_id {text} NOT NULL,
      kind {text} NOT NULL,
      id {text} NOT NULL,
      document {text} NOT NULL,
      sealed {text},
      PRIMARY KEY (bot_id, kind, id)
    ) {keyed}`,
    // At most one row: how often anything in it was changed.
    `CREATE TABLE configured_version (
      id {int} NOT NULL PRIMARY KEY CHECK (id = 1),
      version {int} NOT NULL
    ) {table}`,
    // What seals: each wrapped by the master key of that name, which is never here.
    `CREATE TABLE data_keys (
      bot_id {text} NOT NULL,
      version {int} NOT NULL,
      master {text} NOT NULL,
      wrapped {text} NOT NULL,
      PRIMARY KEY (bot_id, version)
    ) {keyed}`,
  ],
  [
    // Who will be sent a notification, while it is not known yet who that is: asked and plan are JSON, due_at is when the
    // next step is to be taken. It becomes a notification when it is sealed, and is gone when its batches are open.
    `CREATE TABLE audiences (
      bot_id {text} NOT NULL,
      id {text} NOT NULL,
      state {text} NOT NULL,
      asked {text} NOT NULL,
      plan {text} NOT NULL,
      recipients {int} NOT NULL CHECK (recipients >= suppressed),
      suppressed {int} NOT NULL CHECK (suppressed >= 0),
      progress {text} NOT NULL,
      created_at {int} NOT NULL,
      due_at {int} NOT NULL,
      PRIMARY KEY (bot_id, id)
    ) {table}`,
    'CREATE INDEX audiences_by_due ON audiences (due_at)',
    `CREATE TABLE audience_chunks (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      chunk {int} NOT NULL,
      digest {text} NOT NULL,
      recipients {int} NOT NULL,
      suppressed {int} NOT NULL,
      PRIMARY KEY (bot_id, notification_id, chunk)
    ) {keyed}`,
    // Only where duplicates are to be found, and only until the batches are open.
    `CREATE TABLE audience_members (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      member {text} NOT NULL,
      PRIMARY KEY (bot_id, notification_id, member)
    ) {keyed}`,
  ],
  [
    // One row a retry, which goes through the logs after after_seq; see `retry.ts`. states and reasons are JSON.
    `CREATE TABLE retries (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      no {int} NOT NULL,
      states {text} NOT NULL,
      reasons {text},
      app_id {text},
      key {text},
      fingerprint {text},
      created_at {int} NOT NULL,
      after_seq {int} NOT NULL,
      retried {int} NOT NULL,
      left_out {int} NOT NULL,
      finished_at {int},
      PRIMARY KEY (bot_id, notification_id, no)
    ) {keyed}`,
    'CREATE INDEX retries_open ON retries (bot_id, notification_id) WHERE finished_at IS NULL',
    // Of those who were not reached and were to be sent something of their own; see `kept-recipients.ts`.
    `CREATE TABLE kept_recipients (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      seq {int} NOT NULL,
      recipient {text} NOT NULL,
      PRIMARY KEY (bot_id, notification_id, seq)
    ) {keyed}`,
    // NULL: accepted by a Beckon that kept nothing in kept_recipients.
    'ALTER TABLE notifications ADD COLUMN keeps {int}',
  ],
  [
    // What people do not want to be sent; channel '': over any.
    `CREATE TABLE opt_outs (
      bot_id {text} NOT NULL,
      person_id {text} NOT NULL,
      category {text} NOT NULL,
      channel {text} NOT NULL,
      at {int} NOT NULL,
      PRIMARY KEY (bot_id, person_id, category, channel)
    ) {keyed}`,
  ],
  [
    // One row an erasure, which goes through what a bot has; see `erasures.ts`. names is JSON, and NULL when it is over.
    `CREATE TABLE erasures (
      bot_id {text} NOT NULL,
      id {text} NOT NULL,
      names {text},
      stage {int} NOT NULL,
      place {text} NOT NULL,
      looked {int} NOT NULL,
      erased {int} NOT NULL,
      created_at {int} NOT NULL,
      finished_at {int},
      PRIMARY KEY (bot_id, id)
    ) {keyed}`,
    'CREATE INDEX erasures_open ON erasures (bot_id, id) WHERE finished_at IS NULL',
  ],
  [
    // Who signs in to the console. They are of no one bot; bots is JSON. password is a hash of it; NULL: there is none.
    `CREATE TABLE operators (
      id {text} NOT NULL PRIMARY KEY,
      email {text} NOT NULL,
      name {text} NOT NULL,
      role {text} NOT NULL,
      bots {text} NOT NULL,
      password {text},
      disabled_at {int},
      created_at {int} NOT NULL,
      signed_in_at {int}
    ) {keyed}`,
    'CREATE UNIQUE INDEX operators_by_email ON operators (email)',
    // Who they are to a provider of identities.
    `CREATE TABLE operator_identities (
      provider {text} NOT NULL,
      subject {text} NOT NULL,
      operator_id {text} NOT NULL,
      PRIMARY KEY (provider, subject)
    ) {keyed}`,
    // Of the token that a browser holds only the hash.
    `CREATE TABLE operator_sessions (
      hash {text} NOT NULL PRIMARY KEY,
      operator_id {text} NOT NULL,
      created_at {int} NOT NULL,
      seen_at {int} NOT NULL,
      ends_at {int} NOT NULL
    ) {keyed}`,
    'CREATE INDEX operator_sessions_by_operator ON operator_sessions (operator_id)',
    'CREATE INDEX operator_sessions_by_end ON operator_sessions (ends_at)',
    // Good once; likewise only hashes.
    `CREATE TABLE secret_links (
      hash {text} NOT NULL PRIMARY KEY,
      kind {text} NOT NULL,
      about {text} NOT NULL,
      expires_at {int} NOT NULL
    ) {keyed}`,
    'CREATE INDEX secret_links_by_end ON secret_links (expires_at)',
    // Attempts to sign in, by a hash of whose they are.
    `CREATE TABLE sign_in_counts (
      key {text} NOT NULL PRIMARY KEY,
      count {int} NOT NULL,
      ends_at {int} NOT NULL
    ) {keyed}`,
    'CREATE INDEX sign_in_counts_by_end ON sign_in_counts (ends_at)',
  ],
  [
    // An index over people.tags; see `person-tags.ts`.
    `CREATE TABLE person_tags (
      bot_id {text} NOT NULL,
      tag {text} NOT NULL,
      person_id {text} NOT NULL,
      PRIMARY KEY (bot_id, tag, person_id)
    ) {keyed}`,
    `INSERT INTO person_tags (bot_id, tag, person_id)
     SELECT DISTINCT people.bot_id, had.value, people.id FROM people, {texts had people.tags}`,
    // Whom an audience leaves out by name, until its batches are open; see `exclusions.ts`.
    `CREATE TABLE audience_excluded (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      member {text} NOT NULL,
      PRIMARY KEY (bot_id, notification_id, member)
    ) {keyed}`,
    'ALTER TABLE audiences ADD COLUMN excluded {int} NOT NULL DEFAULT 0',
  ],
  [
    // Whose name begins with something; see `search-people.ts`.
    'CREATE INDEX people_by_name ON people (bot_id, lower(name), id) WHERE name IS NOT NULL',
  ],
  [
    // Since when what became of each recipient is kept no longer, and how often which reason was given; see `retention.ts`.
    'ALTER TABLE notifications ADD COLUMN ledger_removed_at {int}',
    'ALTER TABLE notifications ADD COLUMN ledger_reasons {text}',
    `CREATE TABLE retention_marks (
      bot_id {text} NOT NULL PRIMARY KEY,
      before {int} NOT NULL,
      doing {text},
      callbacks_after {text}
    ) {keyed}`,
  ],
  [
    // What each node did in a minute of the epoch, over two days; see `activity.ts`. reason '': none.
    `CREATE TABLE activity (
      bot_id {text} NOT NULL,
      minute {int} NOT NULL,
      connection_id {text} NOT NULL,
      state {text} NOT NULL,
      reason {text} NOT NULL,
      node {text} NOT NULL,
      count {int} NOT NULL,
      PRIMARY KEY (bot_id, minute, connection_id, state, reason, node)
    ) {keyed}`,
    'CREATE INDEX activity_by_minute ON activity (minute)',
    // How a connection is by a node's last word; state is JSON.
    `CREATE TABLE connection_states (
      bot_id {text} NOT NULL,
      connection_id {text} NOT NULL,
      node {text} NOT NULL,
      at {int} NOT NULL,
      state {text} NOT NULL,
      PRIMARY KEY (bot_id, connection_id, node)
    ) {keyed}`,
    'CREATE INDEX connection_states_by_age ON connection_states (at)',
    // When each 400th of a large notification was reached.
    `CREATE TABLE milestones (
      bot_id {text} NOT NULL,
      notification_id {text} NOT NULL,
      slot {int} NOT NULL,
      at {int} NOT NULL,
      total {int} NOT NULL,
      pending {int} NOT NULL,
      delivered {int} NOT NULL,
      failed {int} NOT NULL,
      suppressed {int} NOT NULL,
      expired {int} NOT NULL,
      cancelled {int} NOT NULL,
      unknown {int} NOT NULL,
      PRIMARY KEY (bot_id, notification_id, slot)
    ) {keyed}`,
  ],
  [
    // Its batches are still to be moved, to come due then; see `reschedule.ts`.
    'ALTER TABLE notifications ADD COLUMN moves_to {int}',
  ],
  [
    // The `traceparent` that telling of it goes on with.
    'ALTER TABLE callbacks ADD COLUMN trace {text}',
  ],
  [
    // Through which provider its operator came, and is to be signed out again; NULL: through none.
    'ALTER TABLE operator_sessions ADD COLUMN provider {text}',
  ],
  [
    // Those that have ended, with their lines and without, by when they did; see `retention.ts`. Written to when one ends.
    `CREATE INDEX notifications_by_end
     ON notifications (bot_id, (CASE WHEN ledger_removed_at IS NULL THEN 1 ELSE 0 END), finished_at)
     WHERE finished_at IS NOT NULL`,
  ],
  [
    // By the provider's own clock; NULL: no word of its that told a time stands behind it. See `silences.ts`.
    'ALTER TABLE silences ADD COLUMN said_at {int}',
    'UPDATE silences SET said_at = at',
  ],
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * By the schema it knows: the oldest Beckon that may work on this one, beside newer ones while they are rolled out or
 * after them when they are rolled back. A migration that only adds (tables, columns that may be NULL or have a default,
 * indexes) leaves it alone; whatever takes away or gives a new meaning has to raise it.
 */
export const COMPATIBLE_SINCE = 5;

/** Before this version the schema does not say whom it serves. */
const SAYS_SINCE = 5;

export const noteVersion = (version: number): string =>
  version < SAYS_SINCE
    ? `INSERT INTO schema_versions (version) VALUES (${version})`
    : `INSERT INTO schema_versions (version, compatible_since) VALUES (${version}, ${COMPATIBLE_SINCE})`;

/** Of a schema newer than ours. */
export const COMPATIBLE_SINCE_QUERY = 'SELECT compatible_since FROM schema_versions ORDER BY version DESC LIMIT 1';

/** NULL: it does not say so. */
export const servesUs = (compatibleSince: unknown): boolean =>
  typeof compatibleSince === 'number' && compatibleSince <= SCHEMA_VERSION;

/** The database belongs to a newer Beckon that no longer serves this one; running on it could lose or break what it holds. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
  constructor(found: number) {
    super(`The database has schema version ${found}, this Beckon knows up to ${SCHEMA_VERSION}: start a newer Beckon`);
  }
}
