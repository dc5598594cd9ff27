package dev.millrace.jsonrpc;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A connection to a node, with a deadline for the current operation.
 *
 * <p>The timeout of a socket begins anew with each byte, and it covers neither writes nor the
 * records of TLS. So one thread checks all connections a few times a second and closes those whose
 * deadline has passed; threads that wait on them then fail.
 */
final class DeadlineSocket {
  /** 64 KiB a second: a reply of the largest size that is read takes a quarter of an hour. */
  private static final long NANOS_PER_BYTE = 1_000_000_000L / (64 << 10);

  private final Socket raw;
  private Socket socket;

  /** Confined to the thread that waits for the reply. */
  private long end;

  /** Confined to the thread that waits for the reply. */
  private long suspendedAt;

  private volatile long deadline;
  private volatile boolean isTimed;
  private volatile boolean isLate;

  /** The thread that checks deadlines, from the first connection on. */
  private static final class Watch {
    private static final long TICK_MILLIS = 100;
    private static final Set<DeadlineSocket> OPEN = ConcurrentHashMap.newKeySet();

    static {
      ScheduledFuture<?> _ =
          Executors.newSingleThreadScheduledExecutor(
                  Thread.ofPlatform().daemon().name("millrace-deadlines").factory())
              .scheduleWithFixedDelay(
                  () -> OPEN.forEach(DeadlineSocket::look),
                  TICK_MILLIS,
                  TICK_MILLIS,
                  TimeUnit.MILLISECONDS);
    }
  }

  /** Registers a connection that is not opened yet with the deadline thread. */
  DeadlineSocket(Socket raw) {
    this.raw = raw;
    socket = raw;
    Watch.OPEN.add(this);
  }

  /** Routes reads and writes through a layer above the connection from now on. */
  void layer(Socket above) {
    socket = above;
  }

  private void look() {
    if (isTimed && System.nanoTime() - deadline > 0) {
      isLate = true;
      close();
    }
  }

  /** Begins an operation that must end in time. */
  void begin(long nanos) {
    end = System.nanoTime() + nanos;
    deadline = end;
    isTimed = true;
  }

  /** Extends the deadline by the time that these bytes take on a slow line. */
  void received(int bytes) {
    end += bytes * NANOS_PER_BYTE;
    deadline = end;
  }

  /** Takes the time from now until {@link #resume} out of the deadline: it is not the node's. */
  void suspend() {
    isTimed = false;
    suspendedAt = System.nanoTime();
  }

  /** Continues the operation. */
  void resume() {
    end += System.nanoTime() - suspendedAt;
    deadline = end;
    isTimed = true;
  }

  /** Ends the current operation. */
  void end() {
    isTimed = false;
  }

  /** True if the deadline has passed and ended the connection. */
  boolean isLate() {
    return isLate;
  }

  /** True if bytes were received and not read; bytes of a TLS record count too. */
  boolean hasUnread() throws IOException {
    return raw.getInputStream().available() > 0 || socket.getInputStream().available() > 0;
  }

  InputStream in() throws IOException {
    return socket.getInputStream();
  }

  /** Writes, until the deadline if one is set. */
  void write(byte[] bytes, int count) throws IOException {
    try {
      OutputStream out = socket.getOutputStream();
      out.write(bytes, 0, count);
      out.flush();
    } catch (IOException failed) {
      throw isLate
          ? RpcCallException.of(RpcCallException.Kind.TIMEOUT, "node does not read the request")
          : failed;
    }
  }

  /** Closes the raw connection: closing the TLS layer would wait for threads that write. */
  void close() {
    Watch.OPEN.remove(this);
    try {
      raw.close();
    } catch (IOException _) {
      // The connection is gone, as intended.
    }
  }
}
