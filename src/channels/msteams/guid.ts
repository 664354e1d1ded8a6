const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** As Entra's object ids and tenants are written. */
export const isGuid = (text: string): boolean => GUID.test(text);
