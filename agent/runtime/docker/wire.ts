/** The parts of the Docker Engine's JSON that we read; names are the wire's. All may be missing from an older or a foreign engine. */
export interface EngineVersion {
  readonly Version?: string;
  readonly ApiVersion?: string;
  readonly Components?: readonly { readonly Name?: string }[];
}

export interface ListedContainer {
  readonly Id: string;
  readonly Names?: readonly string[];
  readonly State?: string;
  readonly Created?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

export interface InspectedContainer {
  readonly Id: string;
  readonly Created: string;
  readonly Image: string;
  readonly State: {
    readonly Status: string;
    readonly OOMKilled?: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error?: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly Config: {
    readonly Image: string;
    readonly Tty?: boolean;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
}

export interface ListedImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Size?: number;
}

export interface InspectedImage extends ListedImage {
  readonly Config?: { readonly User?: string } | null;
}

export interface ProgressLine {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

export interface InspectedExec {
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly Pid?: number;
}

export interface EngineStats {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> };
}

export interface EngineEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly status?: string;
  readonly id?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}
