package dev.millrace.source;

import dev.millrace.loaders.Bytes32;
import dev.millrace.source.WorldLog.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A chain from its first to its last moment: the head and the final block over time. A reorg never
 * replaces a block that was final by the rule of the definition.
 */
final class WorldChain {
  /** Rule by which blocks become final. */
  enum Rule {
    TAG,
    DEPTH,
    BOTH,
    NONE;

    boolean isByDepth() {
      return this == DEPTH || this == BOTH;
    }
  }

  /** The state of the chain from a time on. */
  record Moment(long millis, WorldBlock head, long finalBlock, String history) {}

  final long id;
  final Rule rule;
  final int depth;
  final List<Moment> moments = new ArrayList<>();
  private final Map<Bytes32, WorldBlock> all = new HashMap<>();
  private final List<WorldBlock> abandoned = new ArrayList<>();
  private final Random random;
  private final WorldLimits limits;
  private final double density;
  private int salt;
  private long highest;

  WorldChain(long id, Random random, WorldLimits limits) {
    this.id = id;
    this.random = random;
    this.limits = limits;
    List<Rule> rules = List.of(Rule.values());
    Rule drawn = rules.get(random.nextInt(rules.size()));
    Rule ruled = drawn == Rule.NONE && limits.without("unruled") ? Rule.TAG : drawn;
    this.rule = limits.without("tags") ? Rule.DEPTH : ruled;
    this.depth = 1 + random.nextInt(12);
    this.density = List.of(0.0, 0.3, 1.0, 3.0).get(random.nextInt(4));
    int initial = 1 + random.nextInt(random.nextInt(5) == 0 ? 120 : 40);
    this.salt = random.nextInt(1 << 20);
    WorldBlock head = mined(null);
    for (int i = 1; i < Math.min(limits.blocks(), initial); i++) {
      head = mined(head);
    }
    long finalBlock = Math.max(0, head.number - random.nextInt(12));
    add(0, head, finalBlock, "begins");
    int steps = random.nextInt(14);
    for (int i = 0; i < steps; i++) {
      step(500 + random.nextInt(7_500));
    }
    end();
  }

  private void step(long pause) {
    Moment now = moments.getLast();
    long floor = floor(now);
    WorldBlock head = now.head();
    String description;
    int way = random.nextInt(10);
    int room = (int) (head.number - floor);
    int depthNow = room <= 0 ? 0 : 1 + random.nextInt(room);
    int longer = random.nextInt(depthNow + 3);
    WorldBlock returned = returned(head, floor);
    boolean reorgs = !limits.without("reorgs");
    if (way < 3 && depthNow > 0 && reorgs) {
      WorldBlock fork = head.at(head.number - depthNow);
      abandoned.add(head);
      WorldBlock branch = fork == null ? head : fork;
      for (int i = 0; i < longer || branch.number < floor; i++) {
        branch = mined(branch);
      }
      head = branch;
      description = "reorg from block " + (fork == null ? 0 : fork.number + 1);
    } else if (way == 3 && returned != null && reorgs) {
      abandoned.add(head);
      head = returned;
      description = "an earlier branch returns";
    } else {
      int many = random.nextInt(12) == 0 ? 50 : 1 + random.nextInt(3);
      for (int i = 0; i < many && head.number + 1 < limits.blocks(); i++) {
        head = mined(head);
      }
      description = "grows";
    }
    long finalBlock = Math.max(now.finalBlock(), head.number - 2 - random.nextInt(10));
    boolean moves = random.nextInt(3) > 0 && finalBlock <= head.number;
    add(now.millis() + pause, head, moves ? finalBlock : now.finalBlock(), description);
  }

  private @Nullable WorldBlock returned(WorldBlock head, long floor) {
    if (abandoned.isEmpty()) {
      return null;
    }
    WorldBlock branch = abandoned.get(random.nextInt(abandoned.size()));
    WorldBlock mine = head;
    WorldBlock theirs = branch;
    while (mine != null && theirs != null && mine != theirs) {
      if (mine.number >= theirs.number) {
        mine = mine.before;
      } else {
        theirs = theirs.before;
      }
    }
    return mine != null && theirs == mine && mine.number >= floor && branch != head ? branch : null;
  }

  /** Returns the lower bound of reorgs, for all blocks reported so far. */
  private long floor(Moment now) {
    long byDepth = highest - depth;
    return Math.max(
        0,
        switch (rule) {
          case TAG, NONE -> now.finalBlock();
          case DEPTH -> byDepth;
          case BOTH -> Math.max(now.finalBlock(), byDepth);
        });
  }

  /** Ends the history with a block above all earlier ones. */
  private void end() {
    Moment now = moments.getLast();
    WorldBlock head = now.head();
    long goal = Math.min(limits.blocks() - 1L, highest) + 1;
    do {
      head = mined(head);
    } while (head.number < goal);
    add(now.millis() + 2_000, head, now.finalBlock(), "grows a last time");
    long last = random.nextBoolean() ? now.finalBlock() : head.number - 1;
    add(now.millis() + 5_000, head, Math.max(last, now.finalBlock()), "is quiet");
  }

  private void add(long millis, WorldBlock head, long finalBlock, String description) {
    highest = Math.max(highest, head.number);
    moments.add(new Moment(millis, head, Math.min(finalBlock, head.number), description));
  }

  private WorldBlock mined(@Nullable WorldBlock before) {
    List<WorldLog> logs = new ArrayList<>();
    double wanted = density * (random.nextInt(20) == 0 ? 10 : 1);
    int count = (int) (wanted * 2 * random.nextDouble() + random.nextDouble());
    for (int i = 0; i < count; i++) {
      logs.add(log());
    }
    WorldBlock block = new WorldBlock(before, ++salt, logs);
    all.put(block.hash, block);
    return block;
  }

  private WorldLog log() {
    int at = random.nextInt(WorldDefinition.ADDRESSES);
    Kind kind = Kind.random(random);
    int child =
        random.nextInt(6) == 0
            ? random.nextInt(WorldDefinition.NAMED)
            : WorldDefinition.NAMED
                + random.nextInt(WorldDefinition.ADDRESSES - WorldDefinition.NAMED);
    boolean broken = random.nextInt(40) == 0 && (kind == Kind.MOVED || kind == Kind.SWAPPED);
    return new WorldLog(at, kind, child, random.nextInt(20), random.nextInt(1_000), broken);
  }

  Moment at(long millis) {
    Moment last = moments.getFirst();
    for (Moment each : moments) {
      if (each.millis() <= millis) {
        last = each;
      }
    }
    return last;
  }

  /** Returns the time of the last moment. */
  long endMillis() {
    return moments.getLast().millis();
  }

  WorldBlock head() {
    return moments.getLast().head();
  }

  @Nullable WorldBlock by(Bytes32 hash) {
    return all.get(hash);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("chain, final by ").append(rule);
    text.append(rule.isByDepth() ? " depth " + depth : "");
    for (Moment each : moments) {
      text.append(
          "\n  %6d ms head %s final %d: %s"
              .formatted(each.millis(), each.head(), each.finalBlock(), each.history()));
    }
    return text.toString();
  }
}
