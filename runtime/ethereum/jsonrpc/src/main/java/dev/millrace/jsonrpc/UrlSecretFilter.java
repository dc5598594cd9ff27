package dev.millrace.jsonrpc;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Parts of a URL that may be keys. Removes them from texts in which nodes repeat them. */
final class UrlSecretFilter {
  private static final String REMOVED = "***";

  /** Shorter parts of a path are words like "v3" or "mainnet", which texts may contain anyway. */
  private static final int MIN_PART = 8;

  private static final int MIN_USER = 3;

  /** Minimum number of characters at the end of a truncated text that may begin a key. */
  private static final int MIN_BEGIN = 4;

  private final List<String> words;

  private UrlSecretFilter(Set<String> words) {
    this.words = words.stream().sorted(Comparator.comparingInt(String::length).reversed()).toList();
  }

  static UrlSecretFilter of(URI address, @Nullable String userInfo, String authorization) {
    Set<String> words = new TreeSet<>();
    add(words, address.getRawPath(), 2);
    add(words, address.getRawQuery(), 1);
    add(words, userInfo, 1);
    parts(words, address.getRawPath(), "[/;,]", MIN_PART);
    parts(words, address.getRawQuery(), "[&=]", MIN_PART);
    parts(words, userInfo, ":", MIN_USER);
    add(words, authorization.replace("Basic ", ""), 1);
    return new UrlSecretFilter(words);
  }

  private static void parts(Set<String> words, @Nullable String text, String separator, int min) {
    if (text != null) {
      for (String part : text.split(separator, -1)) {
        add(words, part, min);
      }
    }
  }

  private static void add(Set<String> words, @Nullable String text, int min) {
    if (text != null && text.length() >= min) {
      words.add(text);
      try {
        words.add(URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8));
      } catch (IllegalArgumentException _) {
        // Nothing in it is encoded.
      }
    }
  }

  /** Returns the text without any of the words, in whichever case a node repeats them. */
  String removedFrom(String text) {
    String clean = text;
    for (String word : words) {
      clean =
          Pattern.compile(Pattern.quote(word), Pattern.CASE_INSENSITIVE)
              .matcher(clean)
              .replaceAll(Matcher.quoteReplacement(REMOVED));
    }
    for (String word : words) {
      for (int length = word.length() - 1; length >= MIN_BEGIN; length--) {
        if (clean.regionMatches(true, clean.length() - length, word, 0, length)) {
          return clean.substring(0, clean.length() - length) + REMOVED;
        }
      }
    }
    return clean;
  }
}
