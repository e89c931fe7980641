import type { WebSocket } from 'ws';
import { Channel, ChannelWriter, deliver } from './channel-writer.ts';
import {
  type CommandStatus,
  type CommandStreams,
  commandFailed,
  commandSucceeded,
} from './command-streams.ts';

/** Carries bytes between a client's streams and the agent's channels until the command ends or the client leaves. */
export async function bridgeCommand(client: CommandStreams, agent: WebSocket): Promise<void> {
  const status = agentStatus(client, agent);
  agent.resume();
  const { stdin, resize } = client;
  if (stdin !== undefined) {
    const writer = new ChannelWriter(agent, Channel.stdin);
    stdin.pipe(writer);
    // Not at stdin's own end: what the writer still holds must go before.
    writer.once('finish', () => {
      sendClose(agent, Channel.stdin);
    });
  }
  resize?.on('data', (size: string) => {
    if (agent.readyState === agent.OPEN)
      agent.send(Buffer.concat([Buffer.from([Channel.resize]), Buffer.from(size)]));
  });
  const leave = (): void => {
    agent.close(1000);
  };
  if (client.gone.aborted) leave();
  client.gone.addEventListener('abort', leave, { once: true });
  try {
    await client.finish(await status);
  } finally {
    client.gone.removeEventListener('abort', leave);
    agent.close(1000);
  }
}

/** Delivers output as it comes; resolves when the agent has told the end, or has gone without a word. */
function agentStatus(client: CommandStreams, agent: WebSocket): Promise<CommandStatus> {
  return new Promise((resolve) => {
    agent.on('message', (message: Buffer) => {
      const payload = message.subarray(1);
      if (message[0] === Channel.stdout) deliver(agent, client.stdout, payload);
      else if (message[0] === Channel.stderr) deliver(agent, client.stderr ?? client.stdout, payload);
      else if (message[0] === Channel.error && payload.length > 0) resolve(parseStatus(payload));
    });
    agent.on('error', (error) => {
      resolve(commandFailed(error.message));
    });
    agent.on('close', (code) => {
      const clean = code === 1000;
      resolve(clean ? commandSucceeded : commandFailed('error reading from the agent: connection lost'));
    });
  });
}

function parseStatus(payload: Buffer): CommandStatus {
  try {
    const status: unknown = JSON.parse(payload.toString());
    if (typeof status === 'object' && status !== null) return status;
  } catch {
    // Not JSON: an agent of another version tells the failure in words.
  }
  return commandFailed(payload.toString());
}

/** v5: "channel n ends". */
function sendClose(agent: WebSocket, channel: number): void {
  if (agent.readyState === agent.OPEN) agent.send(Buffer.from([Channel.close, channel]));
}
