package dev.millrace.devchain;

import dev.millrace.devchain.BlockLogGenerator.ForkOutcome;
import dev.millrace.loaders.Bytes32;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The activity of the dev chain's name registry: names are registered, change hands and are
 * released, in any order. Ownership is not tracked, so a name may be released twice or registered
 * while it is owned; handlers must cope with this.
 */
public final class DevChainNames {
  /** NameRegistered(string,address), NameTransferred(string,address), NameReleased(string). */
  public static final List<Bytes32> TOPICS =
      List.of(
          Bytes32.of("0x1c6eac0e720ec22bb0653aec9c19985633a4fb07971cf973096c2f8e3c37c17f"),
          Bytes32.of("0xa9b4ca9f6b2a167ad0539f30bdcdf4e7cefb101fc88f178cfb21364c0d6fdee2"),
          Bytes32.of("0x638b859180b47aac8a2ae177e6d9e1eabee520e65d8736c881bb8b104156135b"));

  /** The kind of these transactions. */
  static final int KIND = 1;

  private static final int WORD = 32;
  private static final int NAMES = 1_000;
  private static final int OWNERS = 60;
  private static final List<String> STEMS =
      List.of("mill", "räder", "水車", "a-name-that-takes-more-than-one-word-of-the-log");

  private final DevChainSettings settings;
  private final DevChainRandom random = new DevChainRandom();
  private final DevChainRandom account = new DevChainRandom();
  private final DevChainRandom fates = new DevChainRandom();
  private final DevChainHashes hashes;

  DevChainNames(DevChainSettings settings) {
    this.settings = settings;
    this.hashes = new DevChainHashes(settings.seed());
  }

  /** Emits the registry's logs of a block; only counts them if {@code logs} is null. */
  void generate(
      DevChainBranch branch, long number, LogCursor cursor, @Nullable Consumer<LogCursor> logs) {
    int fork = branch.fork(number);
    if (logs == null && fork == 0) {
      cursor.skip(settings.names(), settings.names());
      return;
    }
    random.at(settings.seed(), 5, number);
    fates.at(settings.seed(), DevChainHashes.kind(fork, 8), number);
    for (int each = 0; each < settings.names(); each++) {
      ForkOutcome fate = fork == 0 ? ForkOutcome.SAME : ForkOutcome.draw(fates);
      int draw = random.below(8);
      long what = random.next();
      if (fate == ForkOutcome.OTHER) {
        what = fates.next();
      }
      if (fate == ForkOutcome.MISSING) {
        continue;
      }
      if (logs == null) {
        cursor.skip(1, 1);
        continue;
      }
      hashes.transaction(
          KIND, number, each, fate == ForkOutcome.SAME ? 0 : fork, cursor.transactionHash);
      // Registrations and transfers outnumber releases, so that most names have an owner.
      generateLog(cursor, draw < 3 ? 0 : draw < 6 ? 1 : 2, what);
      cursor.emit(logs);
      cursor.transaction++;
    }
  }

  private void generateLog(LogCursor cursor, int kind, long what) {
    int number = (int) ((what >>> 32) % NAMES);
    byte[] name =
        (STEMS.get(number % STEMS.size()) + "-" + number).getBytes(StandardCharsets.UTF_8);
    int topics = kind == 2 ? 1 : 2;
    int tail = (topics + 2) * WORD;
    byte[] words = new byte[tail + Math.ceilDiv(name.length, WORD) * WORD];
    TOPICS.get(kind).write(words, 0);
    if (kind != 2) {
      int owner = (int) ((what & 0xFFFF_FFFFL) % Math.min(OWNERS, settings.accounts()));
      DevChainTransfers.address(account, settings.seed(), owner, words, WORD);
    }
    words[tail - WORD - 1] = WORD; // the text begins behind this word
    DevChainRandom.write(words, tail - Long.BYTES, name.length);
    System.arraycopy(name, 0, words, tail, name.length);
    cursor.set(DevChain.REGISTRY, topics, words, words.length);
  }
}
