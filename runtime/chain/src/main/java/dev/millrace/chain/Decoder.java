package dev.millrace.chain;

import dev.millrace.evm.ChainFacts;
import dev.millrace.evm.Fields;
import dev.millrace.evm.Header;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.LogRouter;
import dev.millrace.evm.SourceRequest;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.Event;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.LogColumns;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns fetched blocks into events, in order, and follows the contracts that they create.
 *
 * <p>A stretch that was asked for before a contract was found lacks its logs. They are asked for
 * when the stretch's turn comes: for all contracts that it misses at once, and of their logs alone.
 * What a stretch itself creates is asked for when all of it has been routed, generation by
 * generation. Confined to the thread that reads the feed, except for what is said to be counted.
 */
final class Decoder {
  private static final Comparator<Event> IN_ORDER = Comparator.comparing(Event::id);

  private final LogRouter router;
  private final List<Address> children = new ArrayList<>();
  private Plan plan;
  private final Map<Long, Block> blocks = new HashMap<>();
  private List<Event> events = new ArrayList<>();
  private List<Source.Found> found = new ArrayList<>();

  Decoder(SourceRequest request, ChainFacts facts, List<Source.Found> known) {
    this.router = LogRouter.of(request, facts, known);
    this.plan = Plan.of(router.filters(), 0);
  }

  /** What has to be asked for from now on. */
  Plan plan() {
    return plan;
  }

  /** What handlers have been seen to read. Any thread. */
  Fields fields() {
    return router.fields();
  }

  LogRouter router() {
    return router;
  }

  /** Everything that blocks hold for us: one piece up to each block whose header is there. */
  List<Told> decode(Stretch stretch) throws InterruptedException {
    blocks.clear();
    events = new ArrayList<>();
    found = new ArrayList<>();
    LogColumns logs = stretch.logs();
    if (stretch.plan().known() < children.size()) {
      List<Address> missing = children.subList(stretch.plan().known(), children.size());
      logs = LogColumns.merged(List.of(logs, ask(stretch, missing)));
    }
    route(stretch, logs);
    boolean mixed = false;
    for (List<Source.Found> born = router.takeFound(); !born.isEmpty(); born = router.takeFound()) {
      found.addAll(born);
      List<Address> addresses = born.stream().map(Source.Found::address).toList();
      children.addAll(addresses);
      plan = Plan.of(router.filters(), children.size());
      LogColumns more = ask(stretch, addresses);
      route(stretch, more);
      mixed |= !more.isEmpty();
    }
    if (mixed) {
      events.sort(IN_ORDER);
      found.sort(Comparator.comparing(Source.Found::at));
    }
    return pieces(stretch);
  }

  private LogColumns ask(Stretch stretch, List<Address> addresses) throws InterruptedException {
    Set<Address> asked = Set.copyOf(addresses);
    Set<Bytes32> topics = new LinkedHashSet<>();
    boolean any = false;
    for (LogFilter filter : router.filters()) {
      if (filter.addresses().stream().anyMatch(asked::contains)) {
        topics.addAll(filter.topics());
        any |= filter.topics().isEmpty();
      }
    }
    if (any) {
      topics.clear();
    }
    if (stretch.plan().hearsAnyone(topics)) {
      return LogColumns
          .EMPTY; // they were there all the time, and the router drops what came too early
    }
    List<LogColumns> pages = new ArrayList<>();
    for (LogFilter chunk : Plan.inChunks(addresses, topics)) {
      pages.add(stretch.asker().ask(chunk));
    }
    return LogColumns.merged(pages);
  }

  private void route(Stretch stretch, LogColumns logs) {
    LogColumns.Cursor cursor = logs.cursor();
    Block block = null;
    while (cursor.next()) {
      if (block == null || cursor.startsBlock()) {
        long number = cursor.blockNumber();
        if (number > stretch.reached()) {
          return;
        }
        block = block(stretch, number, cursor.blockHash(), logs.blockTime(cursor.index()));
      }
      Event event = router.route(cursor.log(block));
      if (event != null) {
        events.add(event);
      }
    }
  }

  /** The one object for a block that all its events share. */
  private Block block(Stretch stretch, long number, Bytes32 hash, long time) {
    Block block = blocks.get(number);
    if (block == null) {
      Header header = stretch.headers().get(number);
      block =
          header != null
              ? header.block()
              : new Block(
                  number,
                  hash,
                  null,
                  time == LogColumns.NO_TIME ? null : Instant.ofEpochSecond(time));
      blocks.put(number, block);
    }
    if (!block.hash().equals(hash)) {
      throw new MillraceException(
          Remedy.RESTART,
          "endpoints tell different blocks: block=%d hash=%s log=%s"
              .formatted(number, block.hash(), hash));
    }
    return block;
  }

  private List<Told> pieces(Stretch stretch) {
    List<Told> pieces = new ArrayList<>();
    int event = 0;
    int contract = 0;
    for (Header header : stretch.headers().values()) {
      long number = header.number();
      int toEvent = event;
      while (toEvent < events.size() && events.get(toEvent).block().number() <= number) {
        toEvent++;
      }
      int toContract = contract;
      while (toContract < found.size() && found.get(toContract).at().block() <= number) {
        toContract++;
      }
      Block known = blocks.get(number);
      pieces.add(
          new Told(
              events.subList(event, toEvent),
              found.subList(contract, toContract),
              known == null ? header.block() : known));
      event = toEvent;
      contract = toContract;
    }
    return pieces;
  }
}
