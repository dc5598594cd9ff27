/** Tools that prove an indexer right: the serial oracle, step gates and failpoints. */
@NullMarked
package dev.millrace.testkit;

import org.jspecify.annotations.NullMarked;
