/** One exchange with a Kubernetes API server; HTTP without sockets in it. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** Path with query, as on the request line: "/api/v1/pods?limit=5". */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: Uint8Array;
  /** Ends the exchange, a running watch too. */
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** A watch or a long list yields chunks as they come; anything else is whole. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** How a client reaches the API: HTTPS, or straight into the pipeline of the same process. */
export interface Transport {
  request(request: ApiRequest): Promise<ApiResponse>;
}
