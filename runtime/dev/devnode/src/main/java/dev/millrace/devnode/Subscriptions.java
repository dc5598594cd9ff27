package dev.millrace.devnode;

import dev.millrace.devchain.Branch;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.Tip;
import dev.millrace.devchain.Told;
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
final class Subscriptions implements RpcExchange.Other, AutoCloseable, DevChain.Ending {
  private final DevNode node;
  private final Sink sink;
  private final JsonBytes json = new JsonBytes(OutputStream.nullOutputStream());
  private final BlockWriter writer;

  /** Subscriptions by id. The connection's thread adds and removes, the pump reads. */
  private final Map<Long, Wish> wishes = new ConcurrentSkipListMap<>();

  private long last;
  private volatile boolean closed;
  private @Nullable Thread pump;

  /** Receiver of notifications. */
  interface Sink {
    void send(byte[] text) throws IOException;
  }

  /** A subscription to logs, or to heads if there is no filter. */
  private record Wish(@Nullable LogAsk logs) {}

  Subscriptions(DevNode node, Sink sink) {
    this.node = node;
    this.sink = sink;
    this.writer =
        new BlockWriter(node.chain().settings(), node.troubles().chainIdOr(DevChain.ID), json);
  }

  @Override
  public RpcMethods.@Nullable Answer answer(String method, Params params) throws RpcRefusal {
    if (!node.troubles().knows(method)) {
      return null;
    }
    return switch (method) {
      case "eth_subscribe" -> subscribe(params);
      case "eth_unsubscribe" -> {
        boolean known = wishes.remove(params.number(0)) != null;
        yield out -> out.text(Boolean.toString(known));
      }
      default -> null;
    };
  }

  private RpcMethods.Answer subscribe(Params params) throws RpcRefusal {
    Wish wish =
        switch (params.text(0)) {
          case "newHeads" -> new Wish(null);
          case "logs" ->
              new Wish(LogAsk.of(params.values().size() > 1 ? params.object(1) : Map.of()));
          default ->
              throw new RpcRefusal(
                  RpcRefusal.PARAMS, "no \"%s\" subscription".formatted(params.text(0)));
        };
    long id = ++last;
    wishes.put(id, wish);
    if (pump == null) {
      Tip from = node.troubles().seen(node.chain().tip());
      pump = Thread.ofVirtual().name("devnode-subscriptions").start(() -> pump(from));
    }
    return out -> out.quantity(id);
  }

  private void pump(Tip from) {
    Tip told = from;
    Tip moved = node.chain().tip();
    try {
      while (!closed) {
        Tip now = node.troubles().seen(moved);
        if (!now.equals(told)) {
          tell(told, now);
          told = now;
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

  private void tell(Tip before, Tip now) throws IOException {
    long shared = before.shared(now);
    for (long number = shared + 1; number <= before.head(); number++) {
      logs(before.branch(), number, true);
    }
    for (long number = shared + 1; number <= now.head(); number++) {
      head(now.branch(), number);
      logs(now.branch(), number, false);
    }
  }

  private void head(Branch branch, long number) throws IOException {
    for (Map.Entry<Long, Wish> each : wishes.entrySet()) {
      if (each.getValue().logs() == null) {
        begin(each.getKey());
        json.text("{");
        writer.header(branch, number);
        json.text("}");
        end();
      }
    }
  }

  private void logs(Branch branch, long number, boolean removed) {
    for (Map.Entry<Long, Wish> each : wishes.entrySet()) {
      LogAsk ask = each.getValue().logs();
      if (ask != null) {
        LogWriter logs = writer.logs();
        logs.beginBlock(number, writer.teller().hash(branch, number));
        writer
            .teller()
            .story()
            .tell(
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

  private void log(long id, LogWriter logs, Told log, boolean removed) {
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
    sink.send(json.held());
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
