# Rscript make_expected.R   (R 4.2.2, survey 4.1-1): writes expected.csv beside sample.csv
suppressMessages(library(survey))
d <- read.csv("sample.csv")
out <- data.frame(key = character(), value = numeric())
put <- function(key, value) for (i in seq_along(value))
  out[nrow(out) + 1, ] <<- list(if (length(value) > 1) paste0(key, ".", i) else key, as.numeric(value)[i])
one <- svydesign(id = ~cluster, strata = ~stratum, weights = ~weight, data = d)
fin <- svydesign(id = ~cluster, strata = ~stratum, weights = ~weight, fpc = ~fpc1, data = d)
two <- svydesign(id = ~cluster + block, strata = ~stratum, fpc = ~fpc1 + fpc2, weights = ~weight, data = d)
srs <- svydesign(id = ~1, weights = ~weight, data = d)
for (name in c("one", "fin", "two", "srs")) {
  s <- get(name)
  m <- svymean(~y, s, na.rm = TRUE, deff = TRUE)
  put(paste0(name, ".mean"), c(coef(m), SE(m), deff(m), degf(s)))
  put(paste0(name, ".ci"), confint(m, df = degf(subset(s, !is.na(y)))))
  t <- svytotal(~x, s, deff = TRUE); put(paste0(name, ".total"), c(coef(t), SE(t), deff(t)))
  r <- svyratio(~y, ~x, s, na.rm = TRUE); put(paste0(name, ".ratio"), c(coef(r), SE(r)))
  b <- svyby(~y, ~group, s, svymean, na.rm = TRUE, deff = TRUE)
  put(paste0(name, ".by"), c(coef(b), SE(b), deff(b)))
  b <- svyby(~x, ~group, s, svytotal); put(paste0(name, ".bytotal"), c(coef(b), SE(b)))
  for (v in c("poor", "rare")) {
    f <- as.formula(paste0("~", v))
    p <- svyciprop(f, s, method = "beta"); put(paste0(name, ".", v), c(coef(p), sqrt(attr(p, "var")), confint(p)))
    p <- svyciprop(f, s, method = "xlogit"); put(paste0(name, ".", v, ".logit"), confint(p))
  }
  q <- svyquantile(~x, s, c(.25, .5, .75)); put(paste0(name, ".quantile"), q$x[, c("quantile", "ci.2.5", "ci.97.5", "se")])
  b <- svyby(~x, ~group, s, svymean, covmat = TRUE)
  k <- svycontrast(b, c(north = 1, south = -1, west = 0)); put(paste0(name, ".difference"), c(coef(k), SE(k)))
}
j <- as.svrepdesign(one); m <- svymean(~y, j, na.rm = TRUE); put("jackknife.strata", SE(m))
j <- as.svrepdesign(fin); m <- svymean(~y, j, na.rm = TRUE); put("jackknife.finite", SE(m))
u <- svydesign(id = ~cluster, weights = ~weight, data = d)
j <- as.svrepdesign(u); m <- svymean(~y, j, na.rm = TRUE); put("jackknife.single", SE(m))
pairs <- d[d$cluster %in% c("c00", "c01", "c10", "c11", "c20", "c21", "c30", "c31"), ]
h <- svydesign(id = ~cluster, strata = ~stratum, weights = ~weight, data = pairs)
j <- as.svrepdesign(h, type = "BRR"); m <- svymean(~x, j); put("brr", SE(m))
j <- as.svrepdesign(h, type = "Fay", fay.rho = 0.3); m <- svymean(~x, j); put("fay", SE(m))
few <- d[!(d$stratum == "s3") | d$cluster == "c30", ]
for (o in c("certainty", "adjust", "average")) {
  options(survey.lonely.psu = o)
  for (f in c("one", "fin")) {
    l <- if (f == "one") svydesign(id = ~cluster, strata = ~stratum, weights = ~weight, data = few) else
      svydesign(id = ~cluster, strata = ~stratum, weights = ~weight, fpc = ~fpc1, data = few)
    put(paste0("lonely.", o, ".", f), SE(svymean(~x, l)))
    b <- svyby(~x, ~group, l, svymean); put(paste0("lonely.", o, ".", f, ".by"), SE(b))
  }
}
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
