package dev.millrace.devnode;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainBranch;
import dev.millrace.devchain.DevChainHead;
import dev.millrace.devchain.LogCursor;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Subscriptions of one WebSocket: heads, logs. A virtual thread waits for the chain and sends
 * notifications; after a fork the removed logs come first.
 */
final class NodeSubscriptions implements JsonRpcExchange.Other, AutoCloseable, DevChain.Ending {
  private final DevNode node;
  private final Sink sink;
  private final JsonByteWriter json = new JsonByteWriter(OutputStream.nullOutputStream());
  private final BlockJsonWriter writer;

  /** Subscriptions by id. The connection's thread adds and removes, the pump reads. */
  private final Map<Long, Subscription> subscriptions = new ConcurrentSkipListMap<>();

  private long last;
  private volatile boolean closed;
  private @Nullable Thread pump;

  /** Receiver of notifications. */
  interface Sink {
    void send(byte[] text) throws IOException;
  }

  /** A subscription to logs, or to heads if there is no filter. */
  private record Subscription(@Nullable DevLogFilter logs) {}

  NodeSubscriptions(DevNode node, Sink sink) {
    this.node = node;
    this.sink = sink;
    this.writer =
        new BlockJsonWriter(node.chain().settings(), node.faults().chainIdOr(DevChain.ID), json);
  }

  @Override
  public DevNodeMethods.@Nullable Answer answer(String method, JsonRpcParams params)
      throws JsonRpcException {
    if (!node.faults().knows(method)) {
      return null;
    }
    return switch (method) {
      case "eth_subscribe" -> subscribe(params);
      case "eth_unsubscribe" -> {
        boolean known = subscriptions.remove(params.number(0)) != null;
        yield out -> out.text(Boolean.toString(known));
      }
      default -> null;
    };
  }

  private DevNodeMethods.Answer subscribe(JsonRpcParams params) throws JsonRpcException {
    Subscription subscription =
        switch (params.text(0)) {
          case "newHeads" -> new Subscription(null);
          case "logs" ->
              new Subscription(
                  DevLogFilter.of(params.values().size() > 1 ? params.object(1) : Map.of()));
          default ->
              throw new JsonRpcException(
                  JsonRpcException.PARAMS, "no \"%s\" subscription".formatted(params.text(0)));
        };
    long id = ++last;
    subscriptions.put(id, subscription);
    if (pump == null) {
      DevChainHead from = node.faults().seen(node.chain().tip());
      pump = Thread.ofVirtual().name("devnode-subscriptions").start(() -> pump(from));
    }
    return out -> out.quantity(id);
  }

  private void pump(DevChainHead from) {
    DevChainHead announced = from;
    DevChainHead moved = node.chain().tip();
    try {
      while (!closed) {
        DevChainHead now = node.faults().seen(moved);
        if (!now.equals(announced)) {
          announce(announced, now);
          announced = now;
        }
        if (node.chain().awaitMove(moved, this)) {
          moved = node.chain().tip();
        }
      }
    } catch (IOException | UncheckedIOException _) {
      // The client has gone; the connection's own thread notices it.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void announce(DevChainHead before, DevChainHead now) throws IOException {
    long shared = before.shared(now);
    for (long number = shared + 1; number <= before.head(); number++) {
      logs(before.branch(), number, true);
    }
    for (long number = shared + 1; number <= now.head(); number++) {
      head(now.branch(), number);
      logs(now.branch(), number, false);
    }
  }

  private void head(DevChainBranch branch, long number) throws IOException {
    for (Map.Entry<Long, Subscription> each : subscriptions.entrySet()) {
      if (each.getValue().logs() == null) {
        begin(each.getKey());
        json.text("{");
        writer.header(branch, number);
        json.text("}");
        end();
      }
    }
  }

  private void logs(DevChainBranch branch, long number, boolean removed) {
    for (Map.Entry<Long, Subscription> each : subscriptions.entrySet()) {
      DevLogFilter ask = each.getValue().logs();
      if (ask != null) {
        LogJsonWriter logs = writer.logs();
        logs.beginBlock(number, writer.generator().hash(branch, number));
        writer
            .generator()
            .logGenerator()
            .generate(
                branch,
                number,
                ask.kinds(),
                log -> {
                  if (ask.matches(log)) {
                    log(each.getKey(), logs, log, removed);
                  }
                });
      }
    }
  }

  private void log(long id, LogJsonWriter logs, LogCursor log, boolean removed) {
    try {
      begin(id);
      logs.beginList(removed);
      logs.accept(log);
      end();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void begin(long id) throws IOException {
    json.begin(true);
    json.text("{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscription\",\"params\":{\"subscription\":");
    json.quantity(id).text(",\"result\":");
  }

  private void end() throws IOException {
    json.text("}}");
    sink.send(json.heldBack());
  }

  @Override
  public boolean hasEnded() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
    node.chain().wake();
  }
}
