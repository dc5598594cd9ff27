package dev.millrace.source;

import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The views of one endpoint over time. It may stand still for a while or for ever, on a branch that
 * a reorg replaces, and its address may lead to another chain for a while: its connection ends each
 * time.
 */
final class WorldViews {
  private static final Window NEVER = new Window(0, 0);
  private static final int MAX_MILLIS = 40_000;

  private final WorldChain chain;
  private final WorldChain other;
  private final EndpointTraits traits;
  private final Window still;
  private final Window moved;
  private boolean wasElsewhere;
  private boolean isStuck;

  private record Window(long from, long to) {
    boolean holds(long millis) {
      return millis >= from && millis < to;
    }
  }

  /**
   * Draws the times of each view.
   *
   * @param other the chain that its address leads to for a while
   */
  WorldViews(
      WorldChain chain,
      Supplier<WorldChain> other,
      EndpointTraits traits,
      Random random,
      WorldLimits limits) {
    this.chain = chain;
    this.traits = traits;
    long left = left(chain, random);
    boolean standsStill = random.nextInt(6) == 0 && left >= 0 && !limits.without("still");
    still = standsStill ? new Window(left, left + random.nextInt(MAX_MILLIS)) : NEVER;
    long began = random.nextInt(MAX_MILLIS / 2);
    boolean moves = random.nextInt(12) == 0 && !limits.without("moved");
    moved = moves ? new Window(began, began + random.nextInt(MAX_MILLIS)) : NEVER;
    this.other = moves ? other.get() : chain;
  }

  /** Returns a time when the head is a block that is replaced next; -1 if there is none. */
  private static long left(WorldChain chain, Random random) {
    List<WorldChain.Moment> moments = chain.moments;
    int[] replaced =
        IntStream.range(0, moments.size() - 1)
            .filter(i -> {
              WorldBlock head = moments.get(i).head();
              return moments.get(i + 1).head().at(head.number) != head;
            })
            .toArray();
    int drawn = random.nextInt(Math.max(1, replaced.length));
    return replaced.length == 0 ? -1 : moments.get(replaced[drawn]).millis();
  }

  /** Lets the endpoint stay where it stands still, for ever; if it ever does. */
  void stick() {
    isStuck = !still.equals(NEVER);
  }

  /** True if it ever leads to another chain. */
  boolean moves() {
    return moved.to() > moved.from();
  }

  /** True if the connection ends now because the address leads to another chain than before. */
  boolean isTorn(long millis, boolean isWell) {
    boolean isElsewhere = !isWell && moved.holds(millis);
    boolean isTorn = isElsewhere != wasElsewhere;
    wasElsewhere = isElsewhere;
    return isTorn;
  }

  /** Returns the view of one of its backends. */
  WorldView view(long millis, boolean isWell, Random random) {
    if (isWell) {
      WorldChain.Moment moment = chain.at(isStuck ? Math.min(millis, still.from) : millis);
      return new WorldView(chain, chain.id, moment.head(), moment.finalBlock(), true);
    }
    int backend = random.nextInt(traits.behindMillis().size());
    WorldChain served = moved.holds(millis) ? other : chain;
    boolean standsStill = still.holds(millis) || (isStuck && millis >= still.from);
    long now = standsStill ? still.from() : millis;
    WorldChain.Moment moment = served.at(Math.max(0, now - traits.behindMillis().get(backend)));
    long lacks = traits.lacking().get(backend);
    WorldBlock head = moment.head().at(Math.max(0, moment.head().number - lacks));
    WorldBlock seen = head == null ? moment.head() : head;
    return new WorldView(
        served, served.id, seen, Math.min(moment.finalBlock(), seen.number), false);
  }

  @Override
  public String toString() {
    return "still %s%s, elsewhere %s".formatted(still, isStuck ? " for ever" : "", moved);
  }
}
