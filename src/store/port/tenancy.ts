import type { AuditEntry } from '../../model/audit.ts';

/** Bots, apps and connections that are configured over the API, and what seals their secrets. */
export interface Tenancy {
  /** What is the same leaves no trace. */
  saveConfigured(request: SaveConfigured): Promise<'created' | 'changed' | 'same'>;
  /** A bot goes with all that is configured for it. False: there is none. */
  removeConfigured(request: RemoveConfigured): Promise<boolean>;
  findConfigured(key: ConfiguredKey): Promise<Configured | null>;
  /** Keyset pages, by bot. */
  listConfigured(page: ConfiguredPage): Promise<Configured[]>;
  /** Moves with every change. */
  configuredVersion(): Promise<number>;
  /** Answers the key that is kept: another node may have been first. */
  keepDataKey(key: DataKey): Promise<DataKey>;
  /** `version` null: the latest. */
  findDataKey(request: { readonly botId: string; readonly version: number | null }): Promise<DataKey | null>;
  listDataKeys(page: DataKeyPage): Promise<DataKey[]>;
  /** False: it is wrapped by another master key than `from`. */
  rewrapDataKey(request: RewrapDataKey): Promise<boolean>;
  /** True the first time an app uses this jti, false for ever after (until `expiresAt`). */
  useJti(request: { readonly appId: string; readonly jti: string; readonly expiresAt: number }): Promise<boolean>;
}

export interface ConfiguredKey {
  /** Empty: of no one bot. */
  readonly botId: string;
  readonly kind: 'bot' | 'app' | 'connection';
  readonly id: string;
}

export interface Configured extends ConfiguredKey {
  /** JSON, without secrets. */
  readonly document: string;
  /** Its secrets; null: it has none. */
  readonly sealed: string | null;
}

export interface SaveConfigured {
  readonly row: Configured;
  readonly audit: AuditEntry;
}

export interface RemoveConfigured {
  readonly key: ConfiguredKey;
  readonly audit: AuditEntry;
}

export interface ConfiguredPage {
  readonly after: ConfiguredKey | null;
  readonly limit: number;
}

/** What seals the secrets of a bot; `wrapped` by the master key that is called `master`. */
export interface DataKey {
  /** Empty: of no one bot. */
  readonly botId: string;
  readonly version: number;
  readonly master: string;
  readonly wrapped: string;
}

export interface DataKeyPage {
  readonly after: Pick<DataKey, 'botId' | 'version'> | null;
  readonly limit: number;
}

export interface RewrapDataKey {
  readonly from: string;
  readonly to: DataKey;
}
