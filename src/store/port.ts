import type { Acceptance } from './port/acceptance.ts';
import type { Activity } from './port/activity.ts';
import type { Audiences } from './port/audiences.ts';
import type { AuditTrail } from './port/audit.ts';
import type { Callbacks } from './port/callbacks.ts';
import type { Directory } from './port/directory.ts';
import type { Erasures } from './port/erasures.ts';
import type { Interventions } from './port/interventions.ts';
import type { Limits } from './port/limits.ts';
import type { Notifications } from './port/notifications.ts';
import type { Operators } from './port/operators.ts';
import type { Receipts } from './port/receipts.ts';
import type { Templates } from './port/templates.ts';
import type { Tenancy } from './port/tenancy.ts';
import type { Upkeep } from './port/upkeep.ts';
import type { Work } from './port/work.ts';

/**
 * What is durable, in the order of a notification's life. Every verb takes one readonly object and is one
 * transaction: when its promise resolves the change is committed and fsynced; when it rejects nothing happened, except
 * with `StoreUnavailable`, after which the outcome is unknown and the caller asks again by key. `null` means absent.
 * Times are epoch milliseconds; leases run on the store's own clock.
 */
export interface Store
  extends Acceptance,
    Audiences,
    Work,
    Limits,
    Interventions,
    Callbacks,
    Notifications,
    Receipts,
    Directory,
    Erasures,
    Templates,
    Tenancy,
    Operators,
    Activity,
    AuditTrail,
    Upkeep {
  readonly kind: 'sqlite' | 'postgres';
}
