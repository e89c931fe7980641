import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Pod } from '../../openapi/generated/types.ts';
import type { ContainerStatus, RuntimeDriver } from '../runtime/driver.ts';
import { findContainer, podRef } from './pod.ts';
import { terminationLogPath } from './pod-files.ts';

const messageBytesMax = 4096;
const logBytesMax = 2048;
const logLinesMax = 80;

/** What a container that has ended says of itself: its termination file, or, where it failed and asks for it, the end of its log. */
export async function terminationMessage(
  pod: Pod,
  status: ContainerStatus,
  driver: RuntimeDriver,
  podsFolder: string,
): Promise<string> {
  const container = findContainer(pod, status.name)?.spec;
  const path = terminationLogPath(podsFolder, podRef(pod).uid, status.name, status.attempt);
  const written = await readStart(path);
  if (written !== '' || container?.terminationMessagePolicy !== 'FallbackToLogsOnError') return written;
  if (status.exitCode === 0) return '';
  return await logTail(driver, status.id).catch(() => '');
}

/** The file is the container's: never through a link, never more than the bound. */
async function readStart(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return '';
      const { bytesRead, buffer } = await file.read(Buffer.alloc(messageBytesMax), 0, messageBytesMax, 0);
      return buffer.subarray(0, bytesRead).toString('utf8');
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}

async function logTail(driver: RuntimeDriver, id: string): Promise<string> {
  const options = { follow: false, timestamps: false, tailLines: logLinesMax };
  const stream = await driver.readLogs(id, options, AbortSignal.timeout(10_000));
  let tail = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    tail = Buffer.concat([tail, chunk]);
    if (tail.length > logBytesMax) tail = tail.subarray(tail.length - logBytesMax);
  }
  return tail.toString('utf8');
}
