package dev.millrace.devchain;

import dev.millrace.evm.Log;
import dev.millrace.evm.Transaction;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Block;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/**
 * The activity of the dev chain's name registry: names are registered, change hands and are
 * released, in any order. Nobody keeps who owns what, so a name may be released twice or registered
 * while it is owned; handlers must take it as it comes.
 */
final class DevChainNames {
  /** NameRegistered(string,address), NameTransferred(string,address), NameReleased(string). */
  static final List<Bytes32> TOPICS =
      List.of(
          Bytes32.of("0x1c6eac0e720ec22bb0653aec9c19985633a4fb07971cf973096c2f8e3c37c17f"),
          Bytes32.of("0xa9b4ca9f6b2a167ad0539f30bdcdf4e7cefb101fc88f178cfb21364c0d6fdee2"),
          Bytes32.of("0x638b859180b47aac8a2ae177e6d9e1eabee520e65d8736c881bb8b104156135b"));

  private static final int WORD = 32;
  private static final int NAMES = 1_000;
  private static final int OWNERS = 60;
  private static final List<String> STEMS =
      List.of("mill", "räder", "水車", "a-name-that-takes-more-than-one-word-of-the-log");

  private final DevChainSettings settings;
  private final DevChainRandom random = new DevChainRandom();
  private final DevChainRandom account = new DevChainRandom();

  DevChainNames(DevChainSettings settings) {
    this.settings = settings;
  }

  /** Tells the registry's logs of a block, which come after its transfers. */
  void tell(Block block, int firstIndex, int firstTransaction, Consumer<Log> logs) {
    random.at(settings.seed(), 5, block.number());
    for (int each = 0; each < settings.names(); each++) {
      Transaction transaction = new Transaction(random.word(), firstTransaction + each);
      int draw = random.below(8);
      // Registrations and transfers outnumber releases, so that most names have an owner.
      int kind = draw < 3 ? 0 : draw < 6 ? 1 : 2;
      logs.accept(log(block, firstIndex + each, transaction, kind));
    }
  }

  private Log log(Block block, int logIndex, Transaction transaction, int kind) {
    int number = random.below(NAMES);
    byte[] name =
        (STEMS.get(number % STEMS.size()) + "-" + number).getBytes(StandardCharsets.UTF_8);
    int topics = kind == 2 ? 1 : 2;
    int tail = (topics + 2) * WORD;
    byte[] words = new byte[tail + Math.ceilDiv(name.length, WORD) * WORD];
    TOPICS.get(kind).write(words, 0);
    if (kind != 2) {
      int owner = random.below(Math.min(OWNERS, settings.accounts()));
      DevChainTransfers.address(account, settings.seed(), owner, words, WORD);
    }
    words[tail - WORD - 1] = WORD; // where the text begins: behind this word
    DevChainRandom.write(words, tail - Long.BYTES, name.length);
    System.arraycopy(name, 0, words, tail, name.length);
    return new Log(block, logIndex, transaction, DevChain.REGISTRY, topics, words, words.length);
  }
}
