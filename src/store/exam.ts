import { after, before, describe } from 'node:test';
import { examineAccept } from './exam-accept.ts';
import { examineActivity } from './exam-activity.ts';
import { examineAddresses } from './exam-addresses.ts';
import { examineAudiences } from './exam-audiences.ts';
import { examineAudit } from './exam-audit.ts';
import { examineBacklog } from './exam-backlog.ts';
import { examineCallbacks } from './exam-callbacks.ts';
import { examineCalls } from './exam-calls.ts';
import { examineCancel } from './exam-cancel.ts';
import { examineCheckpoint } from './exam-checkpoint.ts';
import { examineClaim } from './exam-claim.ts';
import { examineCollecting } from './exam-collecting.ts';
import { examineConfigured } from './exam-configured.ts';
import { examineErasures } from './exam-erasures.ts';
import { examineFallBack } from './exam-fall-back.ts';
import { examineLedger } from './exam-ledger.ts';
import { examineNotificationList } from './exam-notification-list.ts';
import { examineOperators } from './exam-operators.ts';
import { examinePause } from './exam-pause.ts';
import { examinePeople } from './exam-people.ts';
import { examinePreferences } from './exam-preferences.ts';
import { examineRateShares } from './exam-rates.ts';
import { examineReceipts } from './exam-receipts.ts';
import { examineReschedule } from './exam-reschedule.ts';
import { examineRetention } from './exam-retention.ts';
import { examineRetry } from './exam-retry.ts';
import { examineRules } from './exam-rules.ts';
import { examineScopes } from './exam-scopes.ts';
import { examineSearch } from './exam-search.ts';
import { examineSilences } from './exam-silences.ts';
import { examineTemplates } from './exam-templates.ts';
import { examineUpkeep } from './exam-upkeep.ts';
import type { Store } from './port.ts';

/** What it means to be a store, executable: every database passes the same exam. */
export function examineStore(name: string, open: () => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    let opened: Store;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());
    const store = () => opened;

    examineAccept(store);
    examineAudiences(store);
    examineCollecting(store);
    examineBacklog(store);
    examineClaim(store);
    examineCheckpoint(store);
    examineCancel(store);
    examineFallBack(store);
    examinePause(store);
    examineReschedule(store);
    examineRetry(store);
    examineRetention(store);
    examineNotificationList(store);
    examinePeople(store);
    examineSearch(store);
    examineAddresses(store);
    examineSilences(store);
    examinePreferences(store);
    examineErasures(store);
    examineTemplates(store);
    examineRateShares(store);
    examineRules(store);
    examineScopes(store);
    examineCalls(store);
    examineCallbacks(store);
    examineReceipts(store);
    examineLedger(store);
    examineAudit(store);
    examineConfigured(store);
    examineOperators(store);
    examineActivity(store);
    examineUpkeep(store);
  });
}
