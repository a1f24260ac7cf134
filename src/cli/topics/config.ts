/** Where settings come from. */
export const text = `SETTINGS, strongest first

  1  a flag                        --dpi 400
  2  the environment               OCR_PIPELINE_DPI=400
  3  the project's file            ./ocr-pipeline.yaml
  4  your file                     ~/.config/ocr-pipeline/config.yaml
  5  the site's file               beside the program, or OCR_PIPELINE_SITE_FILE
  6  the default

  A file is YAML, one setting a line, named as the flag:

    lang: deu+frk
    formats: [txt, pdf, alto]
    work-dir: /scratch/$USER/ocr-runs

  Relative paths start at the file's folder; ~ and $NAME stand for what they
  do in a shell. A setting we do not know is an error that names the line.

  ocr-pipeline config explain         every value and where it came from
  ocr-pipeline config set lang deu    writes your file (--project: this folder)
  ocr-pipeline config path            which files are looked at`;
