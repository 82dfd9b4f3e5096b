/** One WebSocket, and nothing about what is said over it. */
export interface Transport {
  send(text: string): void;
  /** Closes at once from our point of view: no handler is called after this. */
  close(code: number, reason: string): void;
}

export interface TransportHandlers {
  opened(): void;
  received(text: string): void;
  closed(code: number, reason: string): void;
}

export type Connect = (url: string, subprotocol: string, handlers: TransportHandlers) => Transport;

export const connectWebSocket: Connect = (url, subprotocol, handlers) => {
  const socket = new WebSocket(url, subprotocol);
  let listening = true;

  socket.onopen = () => {
    if (listening) {
      handlers.opened();
    }
  };
  socket.onmessage = (event: MessageEvent<unknown>) => {
    if (listening && typeof event.data === 'string') {
      handlers.received(event.data);
    }
  };
  // An error event says nothing of its own and is always followed by a close event.
  socket.onclose = (event) => {
    if (listening) {
      listening = false;
      handlers.closed(event.code, event.reason);
    }
  };

  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) {
        socket.send(text);
      }
    },
    close(code, reason) {
      listening = false;
      socket.close(code, reason);
    },
  };
};
