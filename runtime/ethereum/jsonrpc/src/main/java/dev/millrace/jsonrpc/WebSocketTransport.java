package dev.millrace.jsonrpc;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries all calls over one WebSocket, in any order, and the notifications of new blocks.
 *
 * <p>A thread of its own reads the connection while it lasts. When the connection ends, the calls
 * on it fail; the next call opens another one, and so does the thread that follows the head.
 */
final class WebSocketTransport implements RequestTransport {
  private static final JsonMemberName ID = new JsonMemberName("id");
  private static final JsonMemberName PARAMS = new JsonMemberName("params");
  private static final JsonMemberName RESULT = new JsonMemberName("result");
  private static final JsonMemberName ERROR = new JsonMemberName("error");
  private static final JsonMemberName NUMBER = new JsonMemberName("number");
  private static final long SUBSCRIPTION = 0;

  /** Maximum time for the end of a session to reach the calls that wait for it. */
  private static final long ENDING_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** After this silence the node may have forgotten the subscription: it is made anew. */
  private static final long HEAD_SILENCE = TimeUnit.MINUTES.toNanos(2);

  private final EndpointUrl target;
  private final TransportSettings settings;
  private final ReentrantLock opening = new ReentrantLock();
  private final AtomicReference<Connections> connections =
      new AtomicReference<>(new Connections(null, 0));
  private volatile @Nullable LongConsumer heads;
  private volatile long lastHead;
  private final CountDownLatch closing = new CountDownLatch(1);

  /** The outcome of a waiting call: the text of its reply, or why there is none. */
  private sealed interface Arrival {}

  @SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
  private record Text(byte[] bytes, InFlightByteBudget.Charge charge) implements Arrival {}

  private record Failure(RpcCallException trouble) implements Arrival {}

  /** The mark of a call that has ended: its queue is full and takes no text any more. */
  private record Ended() implements Arrival {}

  /** The session that is open, if one is, and the number of those that have ended. */
  private record Connections(@Nullable Session open, long ended) {
    Connections without(Session session) {
      return open == session ? new Connections(null, ended + 1) : this;
    }
  }

  private static final class Session {
    final WebSocketConnection link;
    final Map<Long, BlockingQueue<Arrival>> waiting = new ConcurrentHashMap<>();

    volatile boolean hasHeard;

    /** Time of the last complete message. */
    volatile long heardAt = System.nanoTime();

    Session(WebSocketConnection link) {
      this.link = link;
    }

    /** The waiting calls; a batch counts as one. */
    Set<BlockingQueue<Arrival>> waitingCalls() {
      Set<BlockingQueue<Arrival>> calls = Collections.newSetFromMap(new IdentityHashMap<>());
      calls.addAll(waiting.values());
      return calls;
    }
  }

  WebSocketTransport(EndpointUrl target, TransportSettings settings) {
    this.target = target;
    this.settings = settings;
  }

  /**
   * Repeats a call on a new connection if a connection that has answered before ends in place of a
   * reply: it may have been idle for too long.
   */
  @Override
  public <T> @Nullable T exchange(
      List<JsonRpcCall> calls, byte[] request, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    Session open = current();
    boolean found = open != null && open.hasHeard;
    try {
      return exchange(session(), calls, request, reader);
    } catch (RpcCallException ended) {
      if (!found || ended.kind() != RpcCallException.Kind.TORN) {
        throw target.conceal(ended);
      }
    } catch (IOException failed) {
      if (!found) {
        throw target.conceal(SocketConnector.trouble(failed));
      }
    }
    try {
      return exchange(session(), calls, request, reader);
    } catch (IOException failed) {
      throw target.conceal(SocketConnector.trouble(failed));
    }
  }

  private <T> @Nullable T exchange(
      Session on, List<JsonRpcCall> calls, byte[] request, JsonRpcResultReader<T> reader)
      throws IOException, InterruptedException {
    BlockingQueue<Arrival> arrivals = new ArrayBlockingQueue<>(1);
    calls.forEach(call -> on.waiting.put(call.id(), arrivals));
    try {
      long begun = System.nanoTime();
      on.link.send(request);
      Arrival arrival = await(on, arrivals, begun);
      JsonStreamReader in = new JsonStreamReader();
      try (InFlightByteBudget.Charge _ = text(arrival).charge()) {
        in.open(new ByteArrayInputStream(text(arrival).bytes()), settings.replyLimit());
        return reader.read(in);
      }
    } finally {
      calls.forEach(call -> on.waiting.remove(call.id()));
      while (!arrivals.offer(new Ended())) {
        if (arrivals.poll() instanceof Text late) {
          late.charge().close();
        }
      }
    }
  }

  private Arrival await(Session on, BlockingQueue<Arrival> arrivals, long begun)
      throws RpcCallException, InterruptedException {
    long nanos = settings.timeout().toNanos();
    if (current() != on) {
      // The session is ending: the reason is on its way, unless this call was registered too late
      // for it.
      nanos = Math.min(nanos, ENDING_NANOS);
    }
    Arrival arrival = arrivals.poll(nanos, TimeUnit.NANOSECONDS);
    if (arrival == null) {
      boolean isOpen = current() == on;
      if (on.heardAt - begun < 0) {
        // It drips, or is gone: the next call opens another.
        end(on, RpcCallException.of(RpcCallException.Kind.TORN, "connection ended"));
      }
      throw isOpen
          ? RpcCallException.of(RpcCallException.Kind.TIMEOUT, "node keeps silent")
          : RpcCallException.of(RpcCallException.Kind.TORN, "connection ended");
    }
    return arrival;
  }

  private static Text text(Arrival arrival) throws RpcCallException {
    return switch (arrival) {
      case Text text -> text;
      case Failure failure -> throw failure.trouble();
      case Ended _ -> throw new IllegalStateException("call has ended");
    };
  }

  private @Nullable Session current() {
    return connections.get().open();
  }

  private Session session() throws IOException {
    Session open = current();
    if (open != null) {
      return open;
    }
    opening.lock();
    try {
      open = current();
      if (open != null) {
        return open;
      }
      if (closing.getCount() == 0) {
        throw RpcCallException.of(RpcCallException.Kind.TORN, "transport is closed");
      }
      Session fresh = new Session(WebSocketConnection.open(target, settings));
      connections.updateAndGet(before -> new Connections(fresh, before.ended()));
      if (closing.getCount() == 0) {
        // Closed during the handshake, when there was no session to end.
        end(fresh, RpcCallException.of(RpcCallException.Kind.TORN, "transport is closed"));
        throw RpcCallException.of(RpcCallException.Kind.TORN, "transport is closed");
      }
      Thread.ofVirtual().name("millrace-socket-" + target).start(() -> read(fresh));
      return fresh;
    } finally {
      opening.unlock();
    }
  }

  private static void subscribe(Session on) throws IOException {
    StringBuilder text = new StringBuilder();
    new JsonRpcCall(SUBSCRIPTION, "eth_subscribe", "[\"newHeads\"]").write(text);
    on.link.send(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private void read(Session on) {
    RpcCallException why = RpcCallException.of(RpcCallException.Kind.TORN, "connection ended");
    JsonStreamReader in = new JsonStreamReader();
    try {
      byte[] message = on.link.receive();
      while (message != null) {
        on.heardAt = System.nanoTime();
        on.hasHeard = true;
        hand(on, message, in);
        message = on.link.receive();
      }
    } catch (RpcCallException trouble) {
      why = trouble;
    } catch (IOException silent) {
      // Nothing was received, not even an answer to a ping.
    } catch (RuntimeException | OutOfMemoryError failed) {
      why = RpcCallException.of(RpcCallException.Kind.NONSENSE, "reply cannot be read: " + failed);
    } finally {
      end(on, why);
    }
  }

  /**
   * Ends a session and all calls that wait on it. A reply that is too large names no call, so only
   * a call that waits alone is known to have caused it; several are repeated, in the end alone.
   */
  private void end(Session on, RpcCallException why) {
    connections.updateAndGet(before -> before.without(on));
    on.link.close();
    Set<BlockingQueue<Arrival>> waiting = on.waitingCalls();
    Arrival last =
        new Failure(
            why.kind() == RpcCallException.Kind.TOO_LARGE && waiting.size() > 1
                ? RpcCallException.of(RpcCallException.Kind.TORN, "connection ended: " + why.text())
                : why);
    waiting.forEach(call -> call.offer(last));
  }

  /**
   * Passes a message to the call that it answers, or announces its block. An error without an id is
   * that of a request which the node could not or would not read: every waiting call gets it.
   */
  private void hand(Session on, byte[] message, JsonStreamReader in) throws IOException {
    in.open(new ByteArrayInputStream(message), Long.MAX_VALUE);
    boolean batch = in.peek() == '[';
    if (batch) {
      in.begin('[');
      if (!in.nextElement()) {
        return;
      }
    }
    in.begin('{');
    boolean isError = false;
    while (in.nextMember()) {
      if (in.is(ID)) {
        if (in.takeNull()) {
          continue;
        }
        BlockingQueue<Arrival> waiting = on.waiting.get(in.quantity());
        if (waiting != null) {
          InFlightByteBudget.Charge charge = settings.inFlight().begin();
          if (message.length > StreamByteWindow.FREE) {
            charge.add(message.length - StreamByteWindow.FREE);
          }
          if (!waiting.offer(new Text(message, charge))) {
            charge.close();
          }
        }
        return;
      } else if (in.is(PARAMS) && !batch) {
        announce(in);
      } else if (in.is(ERROR)) {
        isError = !in.takeNull();
        if (isError) {
          in.skip();
        }
      } else {
        in.skip();
      }
    }
    if (isError) {
      on.waitingCalls().forEach(call -> call.offer(new Text(message, settings.inFlight().begin())));
    }
  }

  private void announce(JsonStreamReader in) throws IOException {
    LongConsumer listener = heads;
    in.begin('{');
    while (in.nextMember()) {
      if (!in.is(RESULT) || in.peek() != '{') {
        in.skip();
        continue;
      }
      in.begin('{');
      while (in.nextMember()) {
        if (in.is(NUMBER) && listener != null) {
          lastHead = System.nanoTime();
          listener.accept(in.quantity());
        } else {
          in.skip();
        }
      }
    }
  }

  @Override
  public long endedConnections() {
    return connections.get().ended();
  }

  /** Keeps a connection open from now on, with a ping every third of the timeout. */
  @Override
  public boolean subscribeNewHeads(LongConsumer listener) {
    heads = listener;
    Thread.ofVirtual().name("millrace-heads-" + target).start(this::keepOpen);
    return true;
  }

  private void keepOpen() {
    long pause = Math.max(1, settings.timeout().toMillis() / 3);
    Session subscribed = null;
    try {
      while (closing.getCount() > 0) {
        try {
          Session on = session();
          if (on == subscribed && System.nanoTime() - lastHead > HEAD_SILENCE) {
            on.link.close();
          } else if (on != subscribed) {
            subscribe(on);
            subscribed = on;
            lastHead = System.nanoTime();
          } else {
            on.link.ping();
          }
        } catch (IOException _) {
          // A poll of the head meets the same trouble meanwhile and reports it.
        }
        if (closing.await(pause, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closing.countDown();
    Session last = current();
    if (last != null) {
      last.link.close();
    }
  }
}
