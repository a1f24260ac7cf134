// Replaces Tanh and Logistic of Tesseract's src/lstm/functions.h, inside its namespace, where build-tesseract.sh takes them out.
// The same sums in the same order give the same numbers to the last bit; without branches the compiler makes vectors of them.

// Looks |x| up in a table over 0 to 16, with linear interpolation; 1 beyond it, and where x is not a number.
inline TFloat LookUpSize(const TFloat *table, TFloat x) {
  const TFloat scaled = std::fabs(x) * kScaleFactor;
  const bool inside = scaled < kTableSize - 1;
  const TFloat place = inside ? scaled : 0;
  const int index = static_cast<int>(place);
  const TFloat low = table[index];
  const TFloat size = low + (table[index + 1] - low) * (place - index);
  return inside ? size : 1;
}

inline TFloat Tanh(TFloat x) {
  const TFloat size = LookUpSize(TanhTable, x);
  return x < 0 ? -size : size;
}

inline TFloat Logistic(TFloat x) {
  const TFloat size = LookUpSize(LogisticTable, x);
  return x < 0 ? 1 - size : size;
}
