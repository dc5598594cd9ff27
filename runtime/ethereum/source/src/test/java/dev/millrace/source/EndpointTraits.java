package dev.millrace.source;

import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Behaviour of one simulated endpoint, until it is mended.
 *
 * @param behindMillis the age of its view of the chain, per backend; one of them answers each
 *     request
 * @param lacking the number of blocks it lacks beside that, per backend
 * @param clamps true if it returns the logs that it has of a range beyond its head, without an
 *     error
 * @param maxRange most blocks of one getLogs; 0: any
 * @param maxResults most logs of one reply; 0: any
 * @param words the choice of words it refuses with
 * @param rate the share of replies with trouble
 * @param troubles the troubles to draw from
 * @param episode a trouble that every reply has for a time; null if there is none
 */
record EndpointTraits(
    List<Integer> behindMillis,
    List<Integer> lacking,
    boolean clamps,
    Bloom bloom,
    boolean hasFinalized,
    boolean hasReceipts,
    boolean hasBatches,
    boolean takesBlockHash,
    boolean keepsOrphans,
    boolean timed,
    int maxRange,
    int maxResults,
    int words,
    double rate,
    Set<WorldTrouble> troubles,
    Episode episode) {
  /** Kind of the blooms that it returns. */
  enum Bloom {
    HONEST,
    ZERO,
    NULL,
    MISSING,
    /** Each block with logs lacks one bit, of the address of a log. */
    LYING
  }

  record Episode(WorldTrouble trouble, long from, long to) {
    static final Episode NONE = new Episode(WorldTrouble.RATE, 0, 0);
  }

  /** Troubles that blooms and receipts alone show. */
  static final Set<WorldTrouble> UNSEEN =
      EnumSet.of(WorldTrouble.WITHHELD, WorldTrouble.WITHHELD_TOPIC, WorldTrouble.PHANTOM);

  /** Troubles after which a bloom shows no log. */
  static final Set<WorldTrouble> OTHER_BLOOMS = EnumSet.of(WorldTrouble.OTHER_BLOOM);

  /** Troubles that an endpoint may have with every reply for a time. */
  private static final List<WorldTrouble> LASTING =
      List.copyOf(EnumSet.range(WorldTrouble.OTHER_REPLY, WorldTrouble.NOT_JSON));

  static final EndpointTraits HONEST =
      new EndpointTraits(
          List.of(0),
          List.of(0),
          false,
          Bloom.HONEST,
          true,
          true,
          true,
          true,
          true,
          true,
          0,
          0,
          0,
          0,
          Set.of(),
          Episode.NONE);

  static EndpointTraits random(
      Random random, WorldLimits limits, boolean isBloomless, boolean needsTag) {
    boolean lags = random.nextInt(3) == 0 && !limits.without("lag");
    boolean balanced = lags && random.nextInt(3) == 0 && !limits.without("balanced");
    List<Integer> behind =
        balanced
            ? List.of(0, random.nextInt(15_000))
            : List.of(lags && !limits.without("stale") ? random.nextInt(15_000) : 0);
    int lack = !lags ? 0 : random.nextInt(3) == 0 ? random.nextInt(60) : random.nextInt(4);
    List<Integer> lacking = balanced ? List.of(0, lack) : List.of(lack);
    Set<WorldTrouble> faults = EnumSet.noneOf(WorldTrouble.class);
    List<WorldTrouble> all = List.of(WorldTrouble.values());
    int count = random.nextInt(5);
    for (int i = 0; i < count; i++) {
      faults.add(all.get(random.nextInt(all.size())));
    }
    if (random.nextInt(12) == 0 || limits.without("variety")) {
      faults.addAll(all);
    }
    WorldTrouble lasting = LASTING.get(random.nextInt(LASTING.size()));
    long began = random.nextInt(20_000);
    Episode episode =
        random.nextInt(5) == 0
            ? new Episode(lasting, began, began + random.nextInt(40_000))
            : Episode.NONE;
    faults.removeIf(each -> limits.without(each.name()));
    double rate = List.of(0.0, 0.02, 0.1, 0.3).get(random.nextInt(4));
    List<Bloom> blooms = List.of(Bloom.HONEST, Bloom.ZERO, Bloom.NULL, Bloom.MISSING);
    Bloom bloom = isBloomless ? blooms.get(random.nextInt(blooms.size())) : Bloom.HONEST;
    boolean hasFinalized = random.nextInt(8) > 0 || needsTag || limits.without("tagless");
    boolean plain = limits.without("traits");
    boolean hasReceipts = random.nextInt(5) > 0 || plain;
    boolean clamps = random.nextBoolean() && !limits.without("clamps");
    return new EndpointTraits(
        behind,
        lacking,
        clamps,
        bloom,
        hasFinalized,
        hasReceipts,
        // Otherwise nothing ties the head that one backend names to the logs of another one.
        random.nextInt(6) > 0 || plain || balanced,
        random.nextInt(8) > 0 || plain,
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextInt(4) > 0 || plain ? 0 : 1 + random.nextInt(20),
        // A block with more logs than one reply may have is available by its receipts only.
        random.nextInt(4) > 0 || plain || !hasReceipts ? 0 : 1 + random.nextInt(20),
        random.nextInt(4),
        faults.isEmpty() ? 0 : rate,
        faults,
        limits.without("episode") || limits.without(lasting.name()) ? Episode.NONE : episode);
  }

  /** True if it may report a method as missing. */
  boolean forgetsMethods() {
    return troubles.contains(WorldTrouble.NO_METHOD) || episode.trouble() == WorldTrouble.NO_METHOD;
  }

  /** True if it may have the blooms of other blocks. */
  boolean hasOtherBlooms() {
    return troubles.contains(WorldTrouble.OTHER_BLOOM);
  }

  /** True if it names no final block for a time, like a node that knows none. */
  boolean forgetsNames() {
    return episode.trouble() == WorldTrouble.NULL_RESULT
        || episode.trouble() == WorldTrouble.HEADER_NOT_FOUND;
  }

  /** Returns these traits with blooms that are not those of the blocks. */
  EndpointTraits withLyingBlooms() {
    return new EndpointTraits(
        behindMillis,
        lacking,
        clamps,
        Bloom.LYING,
        hasFinalized,
        hasReceipts,
        hasBatches,
        takesBlockHash,
        keepsOrphans,
        timed,
        maxRange,
        maxResults,
        words,
        rate,
        troubles,
        episode);
  }

  EndpointTraits without(Set<WorldTrouble> gone) {
    Set<WorldTrouble> left = EnumSet.noneOf(WorldTrouble.class);
    left.addAll(troubles);
    left.removeAll(gone);
    return new EndpointTraits(
        behindMillis,
        lacking,
        clamps,
        bloom,
        hasFinalized,
        hasReceipts,
        hasBatches,
        takesBlockHash,
        keepsOrphans,
        timed,
        maxRange,
        maxResults,
        words,
        rate,
        left,
        episode);
  }

  /** Returns traits that see the chain as it began, and may withhold logs without a sign of it. */
  static EndpointTraits frozen(Set<WorldTrouble> kept) {
    return new EndpointTraits(
        List.of(Integer.MAX_VALUE),
        List.of(0),
        false,
        kept.isEmpty() ? Bloom.HONEST : Bloom.MISSING,
        true,
        true,
        true,
        true,
        true,
        true,
        0,
        0,
        0,
        0.5,
        kept,
        Episode.NONE);
  }
}
