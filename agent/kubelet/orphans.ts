import { ContainerState, type RuntimeDriver } from '../runtime/driver.ts';

/** Ends and removes what carries the cluster's label and belongs to no pod that is known. The driver shows nothing else. */
export async function removeOrphans(
  driver: RuntimeDriver,
  known: ReadonlySet<string>,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const containers = (await driver.listContainers({}, signal)).filter(({ pod }) => !known.has(pod.uid));
  const running = containers.filter(({ state }) => state === ContainerState.Running);
  await Promise.all(running.map(({ id }) => driver.stopContainer(id, graceMs, signal)));
  for (const { id } of containers) await driver.removeContainer(id, signal);
  const sandboxes = (await driver.listSandboxes({}, signal)).filter(({ pod }) => !known.has(pod.uid));
  for (const { id } of sandboxes) {
    await driver.stopSandbox(id, signal);
    await driver.removeSandbox(id, signal);
  }
}
