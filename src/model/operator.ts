/** Those who sign in to the console. What an app is to programs, an operator is to people. */
export interface Operator {
  /** `op-…` */
  readonly id: string;
  /** As `normalEmail` writes it; no two have the same. */
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** Of an admin it says nothing: that is every bot. */
  readonly bots: readonly string[];
  /** Epoch ms; null: may sign in. */
  readonly disabledAt: number | null;
  readonly createdAt: number;
  /** The last time; null: never yet. */
  readonly signedInAt: number | null;
}

/** From the least to the most: viewer reads; sender sends and keeps people as well; admin does everything. */
export const ROLES = ['viewer', 'sender', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Where e-mails are compared: nobody shall have two accounts, or somebody else's, by how a name is spelled. */
export const normalEmail = (email: string): string => email.trim().normalize('NFC').toLowerCase();

export const hasRole = ({ role }: Pick<Operator, 'role'>, least: Role): boolean =>
  ROLES.indexOf(role) >= ROLES.indexOf(least);
