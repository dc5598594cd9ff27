package dev.millrace.abi;

import dev.millrace.loaders.Address;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** Builds the words of logs by hand. */
final class Encoded {
  private Encoded() {}

  static EventDecoder decoder(Class<?> type) {
    TestEvent signature = type.getAnnotation(TestEvent.class);
    List<String> mistakes = new ArrayList<>();
    return EventDecoder.read(type, signature.value(), mistakes)
        .orElseThrow(() -> new AssertionError(mistakes));
  }

  static Object decode(EventDecoder decoder, byte[][] topics, byte[] data) {
    byte[] words = words(topics, data);
    return decoder.decode(words, words.length);
  }

  static byte[] words(byte[][] topics, byte[] data) {
    ByteArrayOutputStream words = new ByteArrayOutputStream();
    for (byte[] topic : topics) {
      words.writeBytes(topic);
    }
    words.writeBytes(data);
    return words.toByteArray();
  }

  static byte[] word(Address address) {
    byte[] word = new byte[32];
    address.write(word, 12);
    return word;
  }

  static byte[] word(long value) {
    byte[] word = new byte[32];
    for (int i = 0; i < 8; i++) {
      word[31 - i] = (byte) (value >>> (8 * i));
    }
    return word;
  }
}
