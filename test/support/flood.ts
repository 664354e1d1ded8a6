import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Flood, FloodOrder } from './call-flood.ts';
import { bodyOf, type HookCall, pathOf } from './hook-stage.ts';

const CALL_FLOOD = fileURLToPath(new URL('./call-flood.ts', import.meta.url));

/** Calls out of a process of its own, so that callers and this process do not wait for each other. */
export async function floodWith(order: FloodOrder): Promise<Flood> {
  const child = spawn(process.execPath, [CALL_FLOOD, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await text(child.stdout);
  return JSON.parse(said);
}

export function requestOf(call: HookCall, token: string): string {
  const body = bodyOf(call);
  const head = [
    `POST ${pathOf(call)} HTTP/1.1`,
    'host: beckon',
    `auth: ${token}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** Seconds of a core the process has used so far, its kernel's work for it included; 0 where there is no /proc. */
export function cpuSeconds(pid: number): number {
  try {
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const fields = rest.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

const REFUSER = fileURLToPath(new URL('./refuser.ts', import.meta.url));

/** A process that does nothing but refuse. */
export async function startRefuser(): Promise<{ readonly port: number; stop(): void }> {
  const child = spawn(process.execPath, [REFUSER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  return { port: Number(/:(\d+)\n/.exec(String(said))?.[1]), stop: () => void child.kill('SIGKILL') };
}
