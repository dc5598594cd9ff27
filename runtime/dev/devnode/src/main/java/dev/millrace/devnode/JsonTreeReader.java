package dev.millrace.devnode;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON of a request into maps, lists, strings, numbers and booleans. Requests are small;
 * large answers are written without this type.
 */
final class JsonTreeReader {
  private static final ObjectReader READER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_LONG_FOR_INTS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readerFor(Object.class);

  private JsonTreeReader() {}

  /**
   * @throws IllegalArgumentException if it is no JSON
   */
  static @Nullable Object read(byte[] bytes) {
    try {
      return READER.readValue(bytes);
    } catch (IOException wrong) {
      throw new IllegalArgumentException("text is no JSON", wrong);
    }
  }
}
