import type { Json } from '../model/json.ts';

/** Kore's words for a whole notification; it is over when it is not IN_PROGRESS. */
export type KoreStatus = 'IN_PROGRESS' | 'SUCCESS' | 'FAILURE' | 'PARTIAL_SUCCESS';

/** One recipient's line. `koreId`, `channelId` and `messagestoreId` are there on success only. Times are ISO 8601. */
export interface StatusLog {
  readonly _id: string;
  readonly requestId: string;
  readonly createdBy: string;
  readonly channel: string;
  readonly comments: string;
  readonly streamId: string;
  readonly koreId?: string;
  readonly channelId?: string;
  readonly messagestoreId?: string;
  readonly originalId: string;
  readonly status: 'SUCCESS' | 'FAILURE';
  readonly createdOn: string;
  readonly __v: number;
}

/** What a send answers; `_id` is the request id to ask for later. */
export interface Job {
  readonly _id: string;
  readonly status: KoreStatus;
  readonly percentageComplete: number;
  readonly streamId: string;
  readonly jobType: string;
  readonly action: string;
  readonly countOfDockStatuses: number;
  readonly createdBy: string;
  readonly store: { readonly identitiesCount: number };
  readonly statusLogs: readonly StatusLog[];
  readonly lMod: string;
  readonly createdOn: string;
  readonly requestedTime: string;
  readonly __v: number;
}

/** The status document of v1. */
export interface JobStatus extends Job {
  readonly count: number;
}

/** The status document of v2. */
export interface JobStatusV2 {
  readonly statusLogs: readonly StatusLog[];
  readonly count: number;
  readonly status: KoreStatus;
  readonly streamId: string;
}

/** The body of a v1 send. */
export interface NotifyBody {
  readonly channel: string;
  readonly userIdentityType: 'resolve' | 'donotresolve';
  readonly message: { readonly type: 'text' | 'script'; readonly val: string };
  readonly identities: readonly string[];
}

/** The body of a v2 send. Each recipient is named by its channel's key: `email`, `spaceId` or `phoneNumber`. */
export interface NotifyV2Body {
  readonly channel: string;
  readonly webhookInstanceName?: string;
  readonly userIdentityType?: 'resolve';
  readonly message: { readonly type: 'text' | 'template' | 'script'; readonly value: Json };
  readonly identities: readonly NotifyV2Identity[];
}

export interface NotifyV2Identity {
  readonly email?: string;
  readonly spaceId?: string;
  readonly phoneNumber?: string;
  readonly customMessage?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}
