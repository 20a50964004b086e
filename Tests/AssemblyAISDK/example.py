import assemblyai as aai

config = aai.TranscriptionConfig(language_code="en_us")
transcript = aai.Transcriber().transcribe("https://example.org/audio.mp3", config)
if transcript.status == aai.TranscriptStatus.error:
    raise SystemExit(f"transcription failed: {transcript.error}")
print(transcript.text)
